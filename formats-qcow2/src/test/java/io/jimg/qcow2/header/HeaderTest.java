package io.jimg.qcow2.header;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.spi.Doc;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Tool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class HeaderTest {
    private static final int CLUSTER = 65536;

    @TempDir
    private Path folder;

    /** What is changed in a sound header. */
    private interface Change {
        void apply(ByteBuffer image);
    }

    private static Arguments change(String name, Change change) {
        return Arguments.of(name, change);
    }

    private static Arguments put(int offset, long value, int width) {
        return change("byte " + offset + " = " + Long.toHexString(value), image -> {
            switch (width) {
                case 1 -> image.put(offset, (byte) value);
                case 4 -> image.putInt(offset, (int) value);
                default -> image.putLong(offset, value);
            }
        });
    }

    static Stream<Arguments> changes() {
        List<Arguments> all = new ArrayList<>();
        all.add(put(0, 0x12345678, 4));
        for (long version : new long[] {0, 1, 4, 0xFFFFFFFFL}) {
            all.add(put(HeaderFields.VERSION, version, 4));
        }
        for (long bits : new long[] {0, 8, 9, 22, 63, 1L << 31, 0xFFFFFFFFL}) {
            all.add(put(HeaderFields.CLUSTER_BITS, bits, 4));
        }
        for (long length : new long[] {0, 72, 103, 104, 108, 111, 112, 65536, 65537, 0xFFFFFFFFL}) {
            all.add(put(HeaderFields.HEADER_LENGTH, length, 4));
        }
        for (long order : new long[] {0, 6, 7, 32, 0xFFFFFFFFL}) {
            all.add(put(HeaderFields.REFCOUNT_ORDER, order, 4));
        }
        for (long size : new long[] {1, 0, 513, 1L << 61, 1L << 62, 1L << 63, (1L << 60) - (1L << 29) + 1}) {
            all.add(put(HeaderFields.SIZE, size, 8));
        }
        for (long method : new long[] {1, 2, 3, 0xFFFFFFFFL}) {
            all.add(put(HeaderFields.CRYPT_METHOD, method, 4));
        }
        for (long entries : new long[] {0, 2, 4 << 20, (4 << 20) + 1, 0xFFFFFFFFL}) {
            all.add(put(HeaderFields.L1_SIZE, entries, 4));
        }
        for (long offset : new long[] {1, 512, 0x40000, 1L << 40, 1L << 63, 0xFFFFFFFFFFFF0000L}) {
            all.add(put(HeaderFields.L1_TABLE_OFFSET, offset, 8));
            all.add(put(HeaderFields.REFCOUNT_TABLE_OFFSET, offset, 8));
        }
        for (long clusters : new long[] {0, 128, 129, 0xFFFFFFFFL}) {
            all.add(put(HeaderFields.REFCOUNT_TABLE_CLUSTERS, clusters, 4));
        }
        for (long count : new long[] {65537, 0xFFFFFFFFL}) {
            all.add(put(HeaderFields.SNAPSHOT_COUNT, count, 4));
        }
        for (long bits : new long[] {2, 8, 16, 1 << 5, 3 << 5, 33, 1L << 63}) {
            all.add(put(HeaderFields.INCOMPATIBLE_FEATURES, bits, 8));
        }
        all.add(put(HeaderFields.COMPATIBLE_FEATURES, -1, 8));
        all.add(put(HeaderFields.AUTOCLEAR_FEATURES, 1L << 63, 8));
        for (long type : new long[] {1, 2, 255}) {
            all.add(put(HeaderFields.COMPRESSION_TYPE, type, 1));
            all.add(change(
                    "compression type " + type + " and its bit",
                    image -> image.putLong(HeaderFields.INCOMPATIBLE_FEATURES, 8)
                            .put(HeaderFields.COMPRESSION_TYPE, (byte) type)));
        }
        all.add(change(
                "compression bit, short header",
                image -> image.putLong(HeaderFields.INCOMPATIBLE_FEATURES, 8).putInt(HeaderFields.HEADER_LENGTH, 104)));
        for (long[] backing : new long[][] {{600, 1024}, {65535, 10}, {65537, 10}, {200, 10}, {1L << 40, 10}}) {
            all.add(change(
                    "backing name at " + backing[0] + " of " + backing[1],
                    image -> image.putLong(HeaderFields.BACKING_OFFSET, backing[0])
                            .putInt(HeaderFields.BACKING_SIZE, (int) backing[1])));
        }
        all.add(change("unknown features with a name", image -> {
            image.putLong(HeaderFields.INCOMPATIBLE_FEATURES, 1L << 7 | 1L << 8 | 1L << 63);
            image.put(0x78, (byte) 0).put(0x79, (byte) 7);
        }));
        all.add(extension(0xE2792ACA, 15, new byte[15]));
        all.add(extension(0xE2792ACA, 16, new byte[16]));
        all.add(extension(0x12345678, 65536, new byte[8]));
        all.add(extension(0x12345678, CLUSTER - 0x78, new byte[8]));
        all.add(extension(0x12345678, CLUSTER - 0x77, new byte[8]));
        all.add(extension(0x0537BE77, 16, new byte[16]));
        for (int length : new int[] {0, 8, 32}) {
            all.add(extension(0x23852875, length, new byte[length]));
        }
        for (long[] fields : new long[][] {
            {0, 24, 0x30000}, {65536, 24, 0x30000}, {1, 24, 1}, {1, (64 << 20) + 65536, 0x30000}, {1L << 32 | 1, 24, 0}
        }) {
            byte[] data = ByteBuffer.allocate(24)
                    .putInt((int) fields[0])
                    .putInt((int) (fields[0] >> 32))
                    .putLong(fields[1])
                    .putLong(fields[2])
                    .array();
            Arguments extension = extension(0x23852875, 24, data);
            all.add(change("bitmaps " + fields[0] + " " + fields[1] + " " + fields[2], image -> {
                ((Change) extension.get()[1]).apply(image);
                image.putLong(HeaderFields.AUTOCLEAR_FEATURES, 1);
            }));
        }
        for (long[] pointer : new long[][] {{8, 0}, {24, 0}, {16, 1}, {16, 1L << 63}}) {
            byte[] data = ByteBuffer.allocate(24).putLong(pointer[1]).array();
            Arguments extension = extension(0x0537BE77, (int) pointer[0], data);
            all.add(change("LUKS header at " + pointer[1] + ", extension of " + pointer[0], image -> {
                ((Change) extension.get()[1]).apply(image);
                image.putInt(HeaderFields.CRYPT_METHOD, 2);
            }));
        }
        return all.stream();
    }

    private static Arguments extension(int type, int length, byte[] data) {
        return change(String.format("extension %08x of %d", type, length), image -> {
            image.put(0x70, new byte[0x400]);
            image.putInt(0x70, type).putInt(0x74, length);
            image.put(0x78, data);
        });
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("changes")
    void refusesWhatQemuRefusesWithItsSentence(String name, Change change) throws Exception {
        QemuOracle oracle = QemuOracle.assumeVersion(10);
        ByteBuffer image = sound(oracle, "cluster_size=64k");
        change.apply(image);
        Path file = folder.resolve("changed.qcow2");
        Files.write(file, image.array());
        Tool.Result theirs = oracle.img("info", "-f", "qcow2", file);
        if (theirs.exitCode() == 0 || theirs.stderr().contains("data-file")) {
            assertThat(parse(image)).isNotNull();
        } else {
            assertThatThrownBy(() -> parse(image))
                    .isInstanceOf(ImageException.class)
                    .hasMessage(theirs.stderr()
                            .substring(theirs.stderr().indexOf("': ") + 3)
                            .strip());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4, 50, 72, 104, 300, 65536})
    void readsAFileThatIsCutShortAsQemuDoes(int length) throws Exception {
        QemuOracle oracle = QemuOracle.assumeVersion(10);
        byte[] image = java.util.Arrays.copyOf(sound(oracle, "cluster_size=64k").array(), length);
        Path file = folder.resolve("short.qcow2");
        Files.write(file, image);
        boolean theirs = oracle.img("info", "-f", "qcow2", file).exitCode() == 0;
        boolean ours = true;
        try {
            parse(ByteBuffer.wrap(java.util.Arrays.copyOf(image, CLUSTER)));
        } catch (ImageException refused) {
            ours = false;
        }
        assertThat(ours).isEqualTo(theirs);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "compat=v2",
                "compat=v2,backing_file=base,backing_fmt=raw",
                "cluster_size=512,refcount_bits=1",
                "extended_l2=on,compression_type=zstd,lazy_refcounts=on",
                "backing_file=base,backing_fmt=qcow2,data_file=data",
                "data_file=data,data_file_raw=on",
            })
    void writesAHeaderAsItWasRead(String options) throws Exception {
        QemuOracle oracle = QemuOracle.assumePresent();
        ByteBuffer image = sound(oracle, options);
        Header header = parse(image);
        ByteBuffer written = HeaderWriter.write(header);
        assertThat(written).isEqualTo(image.slice(0, written.remaining()));
    }

    @Test
    void preservesWhatItDoesNotKnow() throws Exception {
        ByteBuffer image = sound(QemuOracle.assumePresent(), "backing_file=base,backing_fmt=raw");
        image.putLong(HeaderFields.COMPATIBLE_FEATURES, 0x8000000000000010L);
        image.putLong(HeaderFields.AUTOCLEAR_FEATURES, 0x4000000000000000L);
        // A longer header of a later version: its fields, an extension nobody knows, and the name behind it.
        image.putInt(HeaderFields.HEADER_LENGTH, 128);
        image.put(105, (byte) 1).putLong(112, 0x1122334455667788L).putLong(120, 5);
        image.put(128, new byte[600]);
        image.putInt(128, 0xABCDEF01).putInt(132, 5).put(136, "hello".getBytes());
        image.putLong(HeaderFields.BACKING_OFFSET, 152).put(152, "base".getBytes());
        Header header = parse(image);
        assertThat(HeaderWriter.write(header)).isEqualTo(image.slice(0, 156));

        Header renamed = header.withBacking("another", "qcow2");
        ByteBuffer again =
                ByteBuffer.allocate(CLUSTER).put(HeaderWriter.write(renamed)).clear();
        Header reread = parse(again);
        assertThat(reread).isEqualTo(renamed);
        assertThat(reread.backingName()).isEqualTo("another");
        assertThat(reread.backingFormat()).isEqualTo("qcow2");
        assertThat(reread.extension(0xABCDEF01)).isEqualTo(header.extension(0xABCDEF01));
        assertThat(reread.unknownFields()).isEqualTo(header.unknownFields());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "compat=v2",
                "cluster_size=4k,refcount_bits=1",
                "extended_l2=on,compression_type=zstd,lazy_refcounts=on",
                "data_file=data",
                "data_file=data,data_file_raw=on",
                "compat=v3 with bitmaps",
            })
    void tellsOfAnImageWhatQemuTells(String options) throws Exception {
        QemuOracle oracle = QemuOracle.assumeVersion(10);
        Path file = folder.resolve("image.qcow2");
        sound(oracle, options.replace(" with bitmaps", ""));
        if (options.endsWith("bitmaps")) {
            oracle.img("bitmap", "--add", file, "one").expectExit(0);
            oracle.img("bitmap", "--add", "--disable", "-g", "1M", file, "two").expectExit(0);
        }
        String theirs = oracle.img("info", "--output=json", file).expectExit(0).stdout();
        Matcher specific = Pattern.compile(
                        "\"type\": \"qcow2\",\\s*\"data\": (\\{.*?\\})\\s*\\},\\s*\"dirty-flag\"", Pattern.DOTALL)
                .matcher(theirs);
        assertThat(specific.find()).as(theirs).isTrue();
        try (DiskImage image = Images.standard()
                .open(
                        file.toString(),
                        io.jimg.OpenOptions.DEFAULT.withFormat("qcow2").withInspectOnly(true))) {
            assertThat(json(image.formatSpecific())).isEqualTo(specific.group(1).replaceAll("\\s+", ""));
        }
    }

    private static String json(Object value) {
        if (value instanceof Doc doc) {
            List<String> members = new ArrayList<>();
            doc.members().forEach((key, member) -> members.add('"' + key + "\":" + json(member)));
            return '{' + String.join(",", members) + '}';
        }
        if (value instanceof List<?> list) {
            return list.stream().map(HeaderTest::json).toList().toString().replace(", ", ",");
        }
        return value instanceof String ? "\"" + value + '"' : String.valueOf(value);
    }

    private ByteBuffer sound(QemuOracle oracle, String options) throws IOException {
        Path file = folder.resolve("image.qcow2");
        oracle.imgIn(folder, "create", "-q", "-u", "-f", "qcow2", "-o", options, file, "64M")
                .expectExit(0);
        byte[] bytes = Files.readAllBytes(file);
        return ByteBuffer.wrap(bytes);
    }

    private static Header parse(ByteBuffer image) throws ImageException {
        ByteBuffer whole =
                image.capacity() >= CLUSTER ? image : ByteBuffer.wrap(java.util.Arrays.copyOf(image.array(), CLUSTER));
        HeaderParser.firstClusterSize(whole.slice(0, HeaderParser.PREFIX_LENGTH), "image");
        return HeaderParser.parse(whole, "image");
    }
}
