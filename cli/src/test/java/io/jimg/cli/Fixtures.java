package io.jimg.cli;

import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Images that the real tools made, for both programs to work on. Small, each with something of its own. */
final class Fixtures {
    private static final int SAMPLE_BYTES = 200 << 10;

    /** The backing files, where they lie in the same folder. */
    private static final Map<String, String> BENEATH = Map.of("over.qcow2", "base.qcow2", "top.qcow2", "over.qcow2");

    /** What is to be copied into a folder, in a word of its own or in a list of options. */
    private static final Pattern PROVIDED = Pattern.compile("%/([^ ,\"]*)");

    private final Path folder;

    private Fixtures(Path folder) {
        this.folder = folder;
    }

    static Fixtures make(QemuOracle oracle, Path folder) throws IOException {
        Fixtures fixtures = new Fixtures(folder);
        fixtures.plain();
        fixtures.qcow2(oracle);
        fixtures.vmdk(oracle);
        fixtures.broken(oracle);
        return fixtures;
    }

    /** Copies what a command line overwrites: each word {@code %name} that is also a fixture. */
    void provide(String line, Path... outputs) throws IOException {
        Matcher names = PROVIDED.matcher(line);
        while (names.find()) {
            String name = names.group(1);
            if (!name.isEmpty() && Files.isRegularFile(folder.resolve(name))) {
                for (Path output : outputs) {
                    copy(name, output);
                }
            }
        }
    }

    /** Copies an image with those that lie beneath it. */
    private void copy(String name, Path output) throws IOException {
        Path target = output.resolve(name);
        if (!Files.exists(target)) {
            Files.copy(folder.resolve(name), target);
        }
        String beneath = BENEATH.get(name);
        if (beneath != null) {
            copy(beneath, output);
        }
    }

    private void plain() throws IOException {
        Files.createFile(folder.resolve("empty.raw"));
        Files.writeString(folder.resolve("three.raw"), "abc");
        sparse("holes.raw", 8 << 20, 0, 1 << 20, 5 << 20);
        sparse("same.raw", 8 << 20, 0, 1 << 20, 5 << 20);
        sparse("other.raw", 8 << 20, 0, 1 << 20, (5 << 20) + 512);
        sparse("longer.raw", 9 << 20, 0, 1 << 20, 5 << 20);
        sparse("longer-other.raw", 9 << 20, 0, 1 << 20, 5 << 20, 8 << 20);
        sparse("zero.raw", 8 << 20);
        Files.writeString(folder.resolve("secret"), "123456");
    }

    /** A file with {@link #SAMPLE_BYTES} of data at each offset and holes elsewhere. */
    private void sparse(String name, int size, int... offsets) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve(name).toFile(), "rw")) {
            file.setLength(size);
            byte[] sample = new byte[SAMPLE_BYTES];
            for (int i = 0; i < sample.length; i++) {
                sample[i] = (byte) (1 + i / 512 % 255);
            }
            for (int offset : offsets) {
                file.seek(offset);
                file.write(sample);
            }
        }
    }

    private void qcow2(QemuOracle oracle) throws IOException {
        create(oracle, "base.qcow2", "8M");
        write(oracle, "base.qcow2", "write -P 1 0 1M", "write -P 0 2M 1M", "write -z 4M 1M", "write -z -u 6M 1M");
        create(oracle, "over.qcow2", "10M", "-b", "base.qcow2", "-F", "qcow2");
        write(oracle, "over.qcow2", "write -P 2 512k 100k", "write -P 3 9M 4k");
        create(oracle, "top.qcow2", "-b", "over.qcow2", "-F", "qcow2");
        write(oracle, "top.qcow2", "write -z 0 64k", "write -P 4 3M 64k");
        create(oracle, "snapshots.qcow2", "4M");
        write(oracle, "snapshots.qcow2", "write -P 1 0 128k");
        img(oracle, "snapshot", "-c", "first", "snapshots.qcow2");
        write(oracle, "snapshots.qcow2", "write -P 2 64k 128k");
        img(oracle, "snapshot", "-c", "a name longer than its column", "snapshots.qcow2");
        create(oracle, "v2.qcow2", "4M", "-o", "compat=v2,cluster_size=4k");
        write(oracle, "v2.qcow2", "write -P 5 12k 40k");
        create(oracle, "extended.qcow2", "4M", "-o", "extended_l2=on,cluster_size=16k");
        write(oracle, "extended.qcow2", "write -P 6 1k 2k", "write -P 7 1M 40k", "write -z 1M 4k");
        create(oracle, "features.qcow2", "1M", "-o", "lazy_refcounts=on,refcount_bits=64,compression_type=zstd");
        create(oracle, "data.qcow2", "2M", "-o", "data_file=" + folder.resolve("data.bin") + ",data_file_raw=on");
        write(oracle, "data.qcow2", "write -P 8 64k 64k");
        create(oracle, "bitmaps.qcow2", "1M");
        img(oracle, "bitmap", "--add", "bitmaps.qcow2", "one");
        img(oracle, "bitmap", "--add", "--disable", "-g", "4k", "bitmaps.qcow2", "two");
        write(oracle, "bitmaps.qcow2", "write -P 9 300k 100k");
        create(oracle, "in-use.qcow2", "1M");
        img(oracle, "bitmap", "--add", "--disable", "in-use.qcow2", "idle");
        img(oracle, "bitmap", "--add", "in-use.qcow2", "busy");
        markInUse("in-use.qcow2", "busy");
        create(oracle, "stale.qcow2", "1M");
        write(oracle, "stale.qcow2", "write -P 9 0 64k");
        img(oracle, "bitmap", "--add", "stale.qcow2", "one");
        patch("stale.qcow2", 95, 0);
        create(oracle, "stale-v2.qcow2", "1M", "-o", "compat=v2");
        byte[] extension = HexFormat.of().parseHex("2385287500000018" + "0000000100000000" + "0000000000000020");
        for (int i = 0; i < extension.length; i++) {
            patch("stale-v2.qcow2", 72 + i, extension[i]);
        }
        img(oracle, "convert", "-c", "-O", "qcow2", "holes.raw", "zlib.qcow2");
        img(oracle, "convert", "-c", "-O", "qcow2", "-o", "compression_type=zstd", "holes.raw", "zstd.qcow2");
        Files.createDirectory(folder.resolve("sub"));
        create(oracle, "sub/leaf.qcow2", "-b", "../base.qcow2", "-F", "qcow2");
        img(oracle, "create", "-q", "-u", "-f", "qcow2", "-b", "nowhere.img", "-F", "raw", "orphan.qcow2", "1M");
        img(
                oracle,
                "create",
                "-q",
                "-u",
                "-f",
                "qcow2",
                "-b",
                folder.resolve("self.qcow2"),
                "-F",
                "qcow2",
                "self.qcow2",
                "1M");
    }

    private void vmdk(QemuOracle oracle) throws IOException {
        for (String subformat : new String[] {
            "monolithicSparse", "monolithicFlat", "twoGbMaxExtentSparse", "twoGbMaxExtentFlat", "streamOptimized"
        }) {
            img(oracle, "convert", "-O", "vmdk", "-o", "subformat=" + subformat, "holes.raw", subformat + ".vmdk");
        }
        img(oracle, "create", "-q", "-f", "vmdk", "-b", "monolithicSparse.vmdk", "-F", "vmdk", "child.vmdk");
        oracle.ioCommands("vmdk", folder.resolve("child.vmdk"), "write -P 9 2M 100k");
        descriptor("no-extent.vmdk", "RW 8 VMFS \"nowhere.bin\"");
        descriptor("bad-extent.vmdk", "RW 8 VMFS \"holes.raw\" 7");
        Files.write(
                folder.resolve("truncated.vmdk"),
                java.util.Arrays.copyOf(Files.readAllBytes(folder.resolve("monolithicSparse.vmdk")), 10_000));
    }

    private void descriptor(String name, String extent) throws IOException {
        Files.writeString(
                folder.resolve(name),
                "# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType=\"vmfs\"\n" + extent + "\n");
    }

    /** Makes a bitmap look as if its writer had died: its flags lie 12 bytes before its name in the directory. */
    private void markInUse(String name, String bitmap) throws IOException {
        byte[] image = Files.readAllBytes(folder.resolve(name));
        int at = new String(image, StandardCharsets.ISO_8859_1).lastIndexOf(bitmap);
        image[at - 9] |= 1;
        Files.write(folder.resolve(name), image);
    }

    /** Images whose metadata is wrong; refcounts of the default layout lie at 128 KiB, two bytes a cluster. */
    private void broken(QemuOracle oracle) throws IOException {
        for (String name : new String[] {"leak.qcow2", "wrong.qcow2", "truncated.qcow2"}) {
            create(oracle, name, "8M");
            write(oracle, name, "write -P 1 0 1M");
        }
        patch("leak.qcow2", (128 << 10) + 2 * 100 + 1, 1);
        try (RandomAccessFile file =
                new RandomAccessFile(folder.resolve("leak.qcow2").toFile(), "rw")) {
            file.setLength(101 << 16);
        }
        patch("wrong.qcow2", (128 << 10) + 2 * 6 + 1, 0);
        patch("wrong.qcow2", (128 << 10) + 2 * 7 + 1, 2);
        Files.writeString(folder.resolve("badmagic.qcow2"), "QFI\u00fb is not enough");
        create(oracle, "unknown-feature.qcow2", "1M");
        patch("unknown-feature.qcow2", 72, 0x80);
        create(oracle, "snapshot-table.qcow2", "1M");
        patch("snapshot-table.qcow2", 61, 1);
        create(oracle, "raw-bit.qcow2", "1M");
        patch("raw-bit.qcow2", 95, 2);
        // The L1 table lies at 192 KiB, the L2 table behind it.
        create(oracle, "l1-unaligned.qcow2", "8M");
        write(oracle, "l1-unaligned.qcow2", "write -P 1 0 1M");
        patch("l1-unaligned.qcow2", (192 << 10) + 6, 2);
        create(oracle, "l2-unaligned.qcow2", "8M");
        write(oracle, "l2-unaligned.qcow2", "write -P 1 0 1M");
        patch("l2-unaligned.qcow2", (256 << 10) + 5 * Long.BYTES + 6, 2);
        create(oracle, "l2-beyond.qcow2", "8M");
        write(oracle, "l2-beyond.qcow2", "write -P 1 0 1M");
        patch("l2-beyond.qcow2", (256 << 10) + 3, 0xFF);
        // A cluster that is not counted, in an image that says that its refcounts are behind.
        create(oracle, "marked.qcow2", "1M", "-o", "lazy_refcounts=on");
        write(oracle, "marked.qcow2", "write -P 1 0 128k");
        patch("marked.qcow2", (128 << 10) + 2 * 5 + 1, 0);
        patch("marked.qcow2", 79, 1);
        brokenSnapshot(oracle);
        for (String event : new String[] {"l1_update", "empty_image_prepare", "reftable_update"}) {
            Files.writeString(
                    folder.resolve(event + ".conf"), "[inject-error]\nevent = \"" + event + "\"\nerrno = \"5\"\n");
        }
    }

    /** The L1 table of the only snapshot lies where none can. */
    private void brokenSnapshot(QemuOracle oracle) throws IOException {
        create(oracle, "snapshot-l1.qcow2", "1M");
        write(oracle, "snapshot-l1.qcow2", "write -P 1 0 512");
        img(oracle, "snapshot", "-c", "first", "snapshot-l1.qcow2");
        long table;
        try (RandomAccessFile file =
                new RandomAccessFile(folder.resolve("snapshot-l1.qcow2").toFile(), "r")) {
            file.seek(64);
            table = file.readLong();
        }
        patch("snapshot-l1.qcow2", table + 6, 2);
        create(oracle, "snapshot-table.qcow2", "1M");
        patch("snapshot-table.qcow2", 71, 9);
    }

    private void patch(String name, long offset, int value) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve(name).toFile(), "rw")) {
            file.seek(offset);
            file.write(value);
        }
    }

    private void create(QemuOracle oracle, String... words) {
        List<Object> line = new ArrayList<>(List.of("create", "-q", "-f", "qcow2"));
        line.addAll(List.of(words));
        img(oracle, line.toArray());
    }

    private void img(QemuOracle oracle, Object... words) {
        oracle.imgIn(folder, words).expectExit(0);
    }

    private void write(QemuOracle oracle, String name, String... commands) {
        oracle.ioCommands("qcow2", folder.resolve(name), commands);
    }
}
