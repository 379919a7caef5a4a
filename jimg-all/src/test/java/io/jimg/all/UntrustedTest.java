package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenLimits;
import io.jimg.OpenOptions;
import io.jimg.OptionType;
import io.jimg.ops.Create;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.OpenGate;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The word for images from strangers: each of its promises. */
class UntrustedTest {
    private static final Images IMAGES = Images.standard();
    private static final OpenOptions UNTRUSTED = OpenOptions.untrusted();

    @TempDir
    Path folder;

    private Path created(String name, String format, String size, String... options) throws IOException {
        Path file = folder.resolve(name);
        DottedOptions text = DottedOptions.EMPTY;
        for (String option : options) {
            text = text.with(option.substring(0, option.indexOf('=')), option.substring(option.indexOf('=') + 1));
        }
        new Create(IMAGES, file.toString())
                .format(format)
                .size(OptionType.parseSize(size))
                .options(text)
                .unsafeBacking(true)
                .backingOptions(OpenOptions.DEFAULT.withSecrets(id -> "x".getBytes(StandardCharsets.UTF_8)))
                .plan()
                .job()
                .run();
        return file;
    }

    private static void refused(Path file, OpenOptions options, ErrorKind kind) {
        assertThatThrownBy(() -> IMAGES.open(file, options).close())
                .isInstanceOfSatisfying(
                        ImageException.class,
                        failure -> assertThat(failure.kind()).as("%s", failure).isEqualTo(kind));
    }

    @Test
    void formatMustBeStated() throws IOException {
        Path file = created("a.qcow2", "qcow2", "1M");
        refused(file, UNTRUSTED, ErrorKind.BAD_OPTION);
        try (DiskImage image = IMAGES.open(file, UNTRUSTED.withFormat("qcow2"))) {
            assertThat(image.readOnly()).isTrue();
        }
    }

    @Test
    void nothingThatTheImageNamesIsOpened() throws IOException {
        created("base.qcow2", "qcow2", "1M");
        Path over = created(
                "over.qcow2", "qcow2", "1M", "backing_file=" + folder.resolve("base.qcow2"), "backing_fmt=qcow2");
        refused(over, UNTRUSTED.withFormat("qcow2"), ErrorKind.DENIED);
        Path flat = created("flat.vmdk", "vmdk", "1M", "subformat=monolithicFlat");
        refused(flat, UNTRUSTED.withFormat("vmdk"), ErrorKind.DENIED);
        Path data = created("data.qcow2", "qcow2", "1M", "data_file=" + folder.resolve("data.raw"));
        refused(data, UNTRUSTED.withFormat("qcow2"), ErrorKind.DENIED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"raw", "qcow2", "vmdk"})
    void whatEveryoneMakesByDefaultOpens(String format) throws IOException {
        try (DiskImage image = IMAGES.open(created("huge", format, "8T"), UNTRUSTED.withFormat(format))) {
            assertThat(image.size()).isEqualTo(8L << 40);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"qcow2", "vmdk"})
    void sixteenTebibytesAreTheMost(String format) throws IOException {
        try (DiskImage image = IMAGES.open(created("most", format, "16T"), UNTRUSTED.withFormat(format))) {
            assertThat(image.size()).isEqualTo(16L << 40);
        }
        refused(created("more", format, "17T"), UNTRUSTED.withFormat(format), ErrorKind.LIMIT);
        OpenOptions small = UNTRUSTED.withFormat(format).withLimits(OpenLimits.UNTRUSTED.withVirtualSize(1 << 20));
        refused(created("small", format, "2M"), small, ErrorKind.LIMIT);
    }

    /** Clusters of 512 bytes make an L1 table of 32 MiB for a disk that needs 128 GiB. */
    @Test
    void tablesAreLimited() throws IOException {
        Path file = created("tables.qcow2", "qcow2", "128G", "cluster_size=512");
        refused(file, UNTRUSTED.withFormat("qcow2"), ErrorKind.LIMIT);
        Path vmdk = created("tables.vmdk", "vmdk", "1T");
        refused(
                vmdk,
                UNTRUSTED.withFormat("vmdk").withLimits(OpenLimits.UNTRUSTED.withMetadataSize(64 << 10)),
                ErrorKind.LIMIT);
    }

    @Test
    void refcountTableIsLimited() throws IOException {
        Path file = created("refcounts.qcow2", "qcow2", "1M");
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.seek(56);
            out.writeInt(128);
        }
        OpenOptions limited = UNTRUSTED.withFormat("qcow2").withLimits(OpenLimits.UNTRUSTED.withMetadataSize(4 << 20));
        refused(file, limited, ErrorKind.LIMIT);
        IMAGES.open(file, UNTRUSTED.withFormat("qcow2")).close();
    }

    /** Grains may be of 64 MiB, clusters are of 2 MiB at most. */
    @Test
    void compressedRunsAreLimited() throws IOException {
        Path file = created("grain.vmdk", "vmdk", "1G", "subformat=streamOptimized");
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            for (long header : new long[] {0, out.length() - 1024}) {
                out.seek(header + 20);
                out.write(new byte[] {0, 0, 1, 0});
            }
        }
        refused(file, UNTRUSTED.withFormat("vmdk"), ErrorKind.LIMIT);
    }

    @ParameterizedTest
    @CsvSource({"luks, key-secret, 208", "qcow2, encrypt.key-secret, 0"})
    void keySlotsAreLimited(String format, String option, long slots) throws IOException {
        Path file = format.equals("luks")
                ? created("v", format, "1M", "key-secret=s", "iter-time=10")
                : created("v", format, "1M", "encrypt.format=luks", "encrypt.key-secret=s", "encrypt.iter-time=10");
        OpenOptions options = UNTRUSTED
                .withFormat(format)
                .withDriverOptions(DottedOptions.EMPTY.with(option, "s"))
                .withSecrets(id -> "x".getBytes(StandardCharsets.UTF_8));
        IMAGES.open(file, options).close();
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.seek((slots == 0 ? luksStart(out) + 208 : slots) + 4);
            out.writeInt(100_000_000);
        }
        refused(file, options, ErrorKind.LIMIT);
    }

    /** The header extension that says where the LUKS header lies. */
    private static long luksStart(RandomAccessFile file) throws IOException {
        file.seek(100);
        long at = file.readInt();
        while (true) {
            file.seek(at);
            int type = file.readInt();
            int length = file.readInt();
            if (type == 0x0537be77) {
                return file.readLong();
            }
            at += 8 + ((length + 7) & ~7);
        }
    }

    @Test
    void chainsAreLimitedAndTheirFormatsStated() throws IOException {
        created("c0", "qcow2", "1M");
        for (int i = 1; i <= 16; i++) {
            created("c" + i, "qcow2", "1M", "backing_file=c" + (i - 1), "backing_fmt=qcow2");
        }
        OpenOptions permitted = UNTRUSTED.withFormat("qcow2").withGate(OpenGate.within(folder));
        IMAGES.open(folder.resolve("c15"), permitted).close();
        refused(folder.resolve("c16"), permitted, ErrorKind.LIMIT);
    }
}
