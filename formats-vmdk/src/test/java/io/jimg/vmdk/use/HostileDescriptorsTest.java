package io.jimg.vmdk.use;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.spi.OpenGate;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What no image may make us do, one by one: each is refused, soon and with a sentence. */
class HostileDescriptorsTest {
    private static final String BEGINNING = "# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\n";

    @TempDir
    Path folder;

    /** Makes what is hostile in a folder, as {@code disk.vmdk}. */
    private interface Maker {
        void make(Path folder) throws Exception;
    }

    private static Arguments hostile(String name, ErrorKind kind, String sentence, Maker maker) {
        return arguments(org.junit.jupiter.api.Named.of(name, maker), kind, sentence);
    }

    private static Arguments descriptor(String name, ErrorKind kind, String sentence, String lines) {
        return hostile(name, kind, sentence, folder -> write(folder, "createType=\"monolithicFlat\"\n" + lines));
    }

    private static void write(Path folder, String lines) throws IOException {
        Files.writeString(folder.resolve("disk.vmdk"), BEGINNING + lines + "\n", StandardCharsets.ISO_8859_1);
    }

    private static Arguments extent(String name, ErrorKind kind, String sentence, Maker maker) {
        return hostile(name, kind, sentence, folder -> {
            write(folder, "createType=\"monolithicFlat\"\nRW 8 FLAT \"extent\" 0");
            maker.make(folder);
        });
    }

    /** A hosted sparse header with one field changed. */
    private static Arguments header(String name, ErrorKind kind, String sentence, int at, long value, int bytes) {
        return hostile(name, kind, sentence, folder -> {
            Disks.create(folder.resolve("disk.vmdk"), 1 << 20).plan().job().run();
            byte[] file = Files.readAllBytes(folder.resolve("disk.vmdk"));
            ByteBuffer view = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < bytes; i++) {
                view.put(at + i, (byte) (value >>> (8 * i)));
            }
            Files.write(folder.resolve("disk.vmdk"), file);
        });
    }

    private static Arguments file(String name, ErrorKind kind, String sentence, int length, long... numbers) {
        return hostile(name, kind, sentence, folder -> {
            ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < numbers.length; i += 2) {
                bytes.putInt((int) numbers[i], (int) numbers[i + 1]);
            }
            Files.write(folder.resolve("disk.vmdk"), bytes.array());
        });
    }

    private static final int COWD = 0x44574F43;

    static Stream<Arguments> hostile() {
        return Stream.of(
                // Other things than files, and files elsewhere.
                descriptor("a device", ErrorKind.DENIED, "outside", "RW 8 FLAT \"/dev/zero\" 0"),
                descriptor("an absolute name", ErrorKind.DENIED, "outside", "RW 8 FLAT \"/etc/passwd\" 0"),
                descriptor("a name upwards", ErrorKind.DENIED, "not permitted", "RW 8 FLAT \"../../etc/passwd\" 0"),
                descriptor("the folder", ErrorKind.UNSUPPORTED, "regular file", "RW 8 FLAT \".\" 0"),
                descriptor("itself", ErrorKind.CORRUPT, "names itself", "RW 8 FLAT \"disk.vmdk\" 0"),
                descriptor(
                        "a protocol is a name", ErrorKind.DENIED, "not permitted", "RW 8 FLAT \"nbd://localhost/x\" 0"),
                descriptor("json is a name", ErrorKind.NOT_FOUND, "No such file", "RW 8 FLAT \"json:{}\" 0"),
                extent(
                        "a link to elsewhere",
                        ErrorKind.DENIED,
                        "outside",
                        folder -> Files.createSymbolicLink(folder.resolve("extent"), Path.of("/etc/passwd"))),
                extent(
                        "a pipe",
                        ErrorKind.UNSUPPORTED,
                        "regular file",
                        folder -> run("mkfifo", folder.resolve("extent").toString())),
                extent(
                        "a link to itself",
                        ErrorKind.DENIED,
                        "not permitted",
                        folder -> Files.createSymbolicLink(folder.resolve("extent"), Path.of("disk.vmdk/.."))),
                extent("an extent that is a descriptor", ErrorKind.CORRUPT, "no header of a sparse file", folder -> {
                    write(folder, "createType=\"twoGbMaxExtentSparse\"\nRW 8 SPARSE \"extent\"");
                    Files.copy(folder.resolve("disk.vmdk"), folder.resolve("extent"));
                }),
                // Sizes and counts.
                descriptor(
                        "sectors beyond 64 bits",
                        ErrorKind.CORRUPT,
                        "Invalid extent line",
                        "RW 99999999999999999999 ZERO"),
                descriptor(
                        "sectors beyond 63 bits of bytes",
                        ErrorKind.CORRUPT,
                        "Invalid extent line",
                        "RW 36028797018963968 ZERO"),
                descriptor(
                        "a sum beyond 63 bits",
                        ErrorKind.LIMIT,
                        "larger than any disk",
                        "RW 18014398509481983 ZERO\nRW 18014398509481983 ZERO"),
                descriptor("no sectors", ErrorKind.INVALID_FORMAT, "Invalid argument", "RW 0 ZERO"),
                descriptor("negative sectors", ErrorKind.CORRUPT, "Invalid extent line", "RW -8 ZERO"),
                descriptor("a negative offset", ErrorKind.CORRUPT, "Invalid extent line", "RW 8 FLAT \"extent\" -1"),
                descriptor(
                        "an offset beyond 63 bits",
                        ErrorKind.CORRUPT,
                        "Invalid extent line",
                        "RW 8 FLAT \"extent\" 9223372036854775807"),
                descriptor("no name", ErrorKind.CORRUPT, "Invalid extent line", "RW 8 FLAT"),
                descriptor("an empty name", ErrorKind.CORRUPT, "Invalid extent line", "RW 8 FLAT \"\" 0"),
                descriptor("an open quote", ErrorKind.CORRUPT, "Invalid extent line", "RW 8 FLAT \"extent 0"),
                descriptor(
                        "a type of no kind",
                        ErrorKind.UNSUPPORTED,
                        "Unsupported extent type",
                        "RW 8 WHATEVER \"extent\""),
                descriptor("too many extents", ErrorKind.LIMIT, "more than 32768 extents", "RW 8 ZERO\n".repeat(32769)),
                descriptor("too long", ErrorKind.LIMIT, "longer than", "#".repeat(5 << 20)),
                hostile(
                        "a CID of no number",
                        ErrorKind.CORRUPT,
                        "hexadecimal",
                        folder -> Files.writeString(
                                folder.resolve("disk.vmdk"),
                                "# Disk DescriptorFile\nversion=1\nCID=xyz\ncreateType=\"monolithicFlat\"\nRW 8 ZERO\n")),
                // Parents.
                hostile(
                        "its own parent",
                        ErrorKind.CORRUPT,
                        "",
                        folder -> write(
                                folder, "createType=\"monolithicFlat\"\nparentFileNameHint=\"disk.vmdk\"\nRW 8 ZERO")),
                hostile("parents in a circle", ErrorKind.CORRUPT, "", folder -> {
                    write(folder, "createType=\"monolithicFlat\"\nparentFileNameHint=\"other.vmdk\"\nRW 8 ZERO");
                    Files.writeString(
                            folder.resolve("other.vmdk"),
                            BEGINNING + "createType=\"monolithicFlat\"\nparentFileNameHint=\"disk.vmdk\"\nRW 8 ZERO\n");
                }),
                hostile(
                        "a parent elsewhere",
                        ErrorKind.DENIED,
                        "not permitted",
                        folder -> write(
                                folder,
                                "createType=\"monolithicFlat\"\nparentFileNameHint=\"/etc/passwd\"\nRW 8 ZERO")),
                // Headers of hosted sparse extents.
                header("version 9", ErrorKind.UNSUPPORTED, "Unsupported VMDK version 9", 4, 9, 4),
                header("an absurd capacity", ErrorKind.LIMIT, "too big", 12, 1L << 50, 8),
                header("a negative capacity", ErrorKind.LIMIT, "too big", 12, -1, 8),
                header("a grain of nothing", ErrorKind.CORRUPT, "L1 entry size is invalid", 20, 0, 8),
                header("a grain of 3 sectors", ErrorKind.CORRUPT, "Invalid granularity", 20, 3, 8),
                header("an absurd grain", ErrorKind.CORRUPT, "Invalid granularity", 20, 1L << 40, 8),
                header("a negative grain", ErrorKind.CORRUPT, "Invalid granularity", 20, Long.MIN_VALUE, 8),
                header("a descriptor past the end", ErrorKind.CORRUPT, "past the end", 28, 1L << 40, 8),
                header("a descriptor at a negative place", ErrorKind.CORRUPT, "past the end", 28, -8, 8),
                header("no entries", ErrorKind.CORRUPT, "L1 entry size is invalid", 44, 0, 4),
                header("absurdly many entries", ErrorKind.CORRUPT, "L2 table size too big", 44, 1 << 30, 4),
                header("negatively many entries", ErrorKind.CORRUPT, "L2 table size too big", 44, -1, 4),
                header("line ends of a transfer", ErrorKind.CORRUPT, "line ends", 73, 0x0A0A0A0A, 4),
                header("a compression of no kind", ErrorKind.UNSUPPORTED, "compression algorithm 0", 10, 1, 1),
                header("an absurd overhead", ErrorKind.CORRUPT, "truncated", 64, 1L << 50, 8),
                // Headers of ESX.
                file("COWD of version 2", ErrorKind.UNSUPPORTED, "COWD version", 4096, 0, COWD, 4, 2),
                file(
                        "COWD with a grain of nothing",
                        ErrorKind.CORRUPT,
                        "Invalid granularity",
                        4096,
                        0,
                        COWD,
                        4,
                        1,
                        12,
                        8),
                file(
                        "COWD with an absurd directory",
                        ErrorKind.LIMIT,
                        "too big",
                        4096,
                        0,
                        COWD,
                        4,
                        1,
                        12,
                        8,
                        16,
                        1,
                        20,
                        4,
                        24,
                        -1),
                file(
                        "COWD with too short a directory",
                        ErrorKind.CORRUPT,
                        "too few",
                        4096,
                        0,
                        COWD,
                        4,
                        1,
                        12,
                        1 << 30,
                        16,
                        1,
                        20,
                        4,
                        24,
                        1),
                file(
                        "COWD with a directory past the end",
                        ErrorKind.CORRUPT,
                        "past the end",
                        4096,
                        0,
                        COWD,
                        4,
                        1,
                        12,
                        8,
                        16,
                        1,
                        20,
                        1 << 30,
                        24,
                        1));
    }

    private static void run(String... words) throws Exception {
        assertThat(new ProcessBuilder(words).start().waitFor()).isZero();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("hostile")
    void isRefusedSoonWithASentence(Maker maker, ErrorKind kind, String sentence) throws Exception {
        maker.make(folder);
        assertTimeoutPreemptively(
                Duration.ofSeconds(20),
                () -> assertThatThrownBy(() -> {
                            try (DiskImage image = Images.standard()
                                    .open(
                                            folder.resolve("disk.vmdk"),
                                            OpenOptions.DEFAULT
                                                    .withFormat("vmdk")
                                                    .withGate(OpenGate.within(folder.toRealPath())))) {
                                image.read(ByteBuffer.allocate(512), 0);
                            }
                        })
                        .isInstanceOfSatisfying(
                                ImageException.class,
                                refused -> assertThat(refused.kind())
                                        .as("%s", refused)
                                        .isEqualTo(kind))
                        .hasMessageContaining(sentence));
    }

    /** A gate that permits all does not make a device a disk that says that it lies in files. */
    @Test
    void aDeviceNeedsADiskThatIsSaidToLieOnOne() throws Exception {
        for (String type : new String[] {"monolithicFlat", "vmfs", "custom", "twoGbMaxExtentFlat"}) {
            write(folder, "createType=\"" + type + "\"\nRW 8 FLAT \"/dev/zero\" 0");
            assertThatThrownBy(() -> Images.standard()
                            .open(
                                    folder.resolve("disk.vmdk"),
                                    OpenOptions.DEFAULT.withFormat("vmdk").withGate(OpenGate.ALLOW))
                            .close())
                    .hasMessageContaining("device");
        }
    }

    /** As many extents as there may be, each with a name of its own for one file: they cost one open file. */
    @Test
    void thousandsOfExtentsAreRead() throws Exception {
        Files.write(folder.resolve("extent"), new byte[512]);
        write(folder, "createType=\"custom\"\n" + "RW 1 FLAT \"extent\" 0\n".repeat(20_000));
        try (DiskImage image = Disks.open(folder.resolve("disk.vmdk"), false)) {
            assertThat(image.size()).isEqualTo(20_000 * 512L);
            assertThat(Disks.read(image)).containsOnly(0);
        }
    }
}
