package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.testkit.QemuOracle;
import io.jimg.validate.Policy;
import io.jimg.validate.Rule;
import io.jimg.validate.Validation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What oslo.utils' format inspector rejects, row by row of the table in docs/validate.md. */
class ValidateOpenStackTest {
    @TempDir
    Path folder;

    private HostileImages images;

    @BeforeEach
    void findOracle() {
        images = new HostileImages(QemuOracle.assumePresent(), folder);
    }

    @Test
    void soundImagesAreClean() throws IOException {
        assertThat(HostileImages.broken(images.raw(), "raw")).isEmpty();
        assertThat(HostileImages.broken(images.qcow2(), "qcow2")).isEmpty();
        assertThat(HostileImages.broken(images.stream(), "vmdk")).isEmpty();
        assertThat(HostileImages.broken(images.converted("s.vmdk", "vmdk", false, ""), "vmdk"))
                .isEmpty();
    }

    /** extended_l2 and the compression type are what the inspector takes for unknown. */
    @ParameterizedTest
    @CsvSource({
        "qcow2, -c, ''",
        "qcow2, -q, compat=0.10",
        "qcow2, -q, extended_l2=on",
        "qcow2, -c, compression_type=zstd",
        "qcow2, -q, cluster_size=4k",
        "vmdk, -q, ''",
        "vmdk, -q, subformat=streamOptimized"
    })
    void soundImagesOfQemuAreClean(String format, String flag, String options) throws IOException {
        Path image = options.isEmpty()
                ? images.convertedByQemu("f." + format, format, flag)
                : images.convertedByQemu("f." + format, format, flag, "-o", options);
        assertThat(HostileImages.broken(image, format)).isEmpty();
    }

    // ---- qcow2 -----------------------------------------------------------------------------------------------------

    @Test
    void qcow2WithABackingFile() throws IOException {
        Path image = images.file("over.qcow2");
        QemuOracle.assumePresent()
                .img("create", "-f", "qcow2", "-u", "-b", "/etc/passwd", "-F", "raw", image, "1M")
                .expectExit(0);
        assertThat(HostileImages.broken(image, "qcow2")).containsExactly("absolute-reference", "backing-file");
    }

    @Test
    void qcow2WithADataFile() throws IOException {
        Path image = images.file("data.qcow2");
        Path data = images.file("data.raw");
        QemuOracle.assumePresent()
                .img("create", "-f", "qcow2", "-o", "data_file=" + data, image, "1M")
                .expectExit(0);
        assertThat(HostileImages.broken(image, "qcow2"))
                .containsExactly("absolute-reference", "data-file", "unexamined");
    }

    @ParameterizedTest
    @ValueSource(longs = {1L << 5, 1L << 6, 1L << 7, 1L << 8, 1L << 31, 1L << 63})
    void qcow2WithUnknownFeatures(long bits) throws IOException {
        Path image = images.qcow2();
        HostileImages.patchLong(image, 72, bits);
        assertThat(HostileImages.broken(image, "qcow2")).contains("unknown-feature");
    }

    @Test
    void qcow2OfAnUnknownVersion() throws IOException {
        Path image = images.qcow2();
        HostileImages.patchInt(image, 4, 4);
        assertThat(HostileImages.broken(image, "qcow2")).contains("format-version", "header");
    }

    @Test
    void qcowOfVersionOne() throws IOException {
        Path image = images.qcow2();
        HostileImages.patchInt(image, 4, 1);
        assertThat(HostileImages.broken(image, "qcow2")).contains("format-mismatch", "format-foreign");
        assertThat(HostileImages.broken(image, "raw")).contains("format-mismatch", "format-foreign");
    }

    @Test
    void qcow2MarkedAsDirtyOrCorrupt() throws IOException {
        Path image = images.qcow2();
        HostileImages.patchLong(image, 72, 3);
        assertThat(HostileImages.broken(image, "qcow2")).contains("dirty", "corrupt-mark");
    }

    // ---- formats that are refused
    // ------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"qed", "vdi", "vhdx", "vpc", "parallels"})
    void formatsWithoutADriver(String format) throws IOException {
        Path image = images.file("image." + format);
        if (QemuOracle.assumePresent().img("create", "-f", format, image, "8M").exitCode() != 0) {
            throw new AssertionError("qemu-img makes no " + format);
        }
        assertThat(HostileImages.broken(image, "raw")).contains("format-mismatch", "format-foreign");
        assertThat(HostileImages.broken(image, null)).contains("format-unstated", "format-foreign");
    }

    @Test
    void fixedVhdIsKnownByItsFooter() throws IOException {
        Path image = images.file("fixed.vhd");
        QemuOracle.assumePresent()
                .img("create", "-f", "vpc", "-o", "subformat=fixed", image, "8M")
                .expectExit(0);
        assertThat(HostileImages.broken(image, "raw")).contains("format-mismatch", "format-foreign");
    }

    // ---- two formats in one file
    // -------------------------------------------------------------------------------------

    @Test
    void imageThatIsAnIsoToo() throws IOException {
        Path image = images.qcow2();
        HostileImages.patch(image, 0x8001, "CD001");
        assertThat(HostileImages.broken(image, "qcow2")).contains("format-ambiguous");
    }

    @Test
    void imageThatIsAVdiToo() throws IOException {
        Path image = images.stream();
        HostileImages.patch(image, 0x40, new byte[] {0x7f, 0x10, (byte) 0xda, (byte) 0xbe});
        assertThat(HostileImages.broken(image, "vmdk")).contains("format-ambiguous");
    }

    @Test
    void imageThatIsStatedToBeAnother() throws IOException {
        assertThat(HostileImages.broken(images.qcow2(), "raw")).contains("format-mismatch");
        assertThat(HostileImages.broken(images.qcow2(), "vmdk")).contains("format-mismatch", "header");
        assertThat(HostileImages.broken(images.raw(), "qcow2")).contains("format-mismatch", "header");
    }

    // ---- vmdk ------------------------------------------------------------------------------------------------------

    /** Replaces text in the descriptor by text of the same length. */
    private Path described(String before, String after) throws IOException {
        Path image = images.stream();
        byte[] bytes = Files.readAllBytes(image);
        String head = new String(bytes, 512, 2048, java.nio.charset.StandardCharsets.ISO_8859_1);
        int at = head.indexOf(before);
        assertThat(at).as(head).isNotNegative();
        assertThat(after.length()).isLessThanOrEqualTo(before.length());
        HostileImages.patch(image, 512L + at, after + " ".repeat(before.length() - after.length()));
        return image;
    }

    @Test
    void vmdkOfAKindOfSeveralFiles() throws IOException {
        Path image = described("createType=\"streamOptimized\"", "createType=\"monolithicFlat\" ");
        assertThat(HostileImages.broken(image, "vmdk")).contains("subformat");
    }

    @Test
    void vmdkWithoutACreateType() throws IOException {
        assertThat(HostileImages.broken(described("createType=", "#reateType="), "vmdk"))
                .contains("descriptor");
    }

    @Test
    void vmdkWithAnUnknownLine() throws IOException {
        assertThat(HostileImages.broken(described("# The Disk Data Base", "RUN /bin/sh -c true;"), "vmdk"))
                .contains("descriptor");
    }

    @Test
    void vmdkWithoutExtents() throws IOException {
        assertThat(HostileImages.broken(described("RW ", "#W "), "vmdk")).contains("descriptor");
    }

    @Test
    void vmdkWhoseExtentIsAPath() throws IOException {
        assertThat(HostileImages.broken(described("\"stream.vmdk\"", "\"/etc/shadow\""), "vmdk"))
                .contains("absolute-reference", "external-extent");
    }

    @Test
    void vmdkThatIsADescriptorAlone() throws IOException {
        Path image = images.file("flat.vmdk");
        QemuOracle.assumePresent()
                .img("create", "-f", "vmdk", "-o", "subformat=monolithicFlat", image, "1M")
                .expectExit(0);
        assertThat(HostileImages.broken(image, "vmdk")).containsExactly("external-extent", "subformat", "unexamined");
    }

    @Test
    void vmdkWhoseDescriptorLiesElsewhere() throws IOException {
        Path image = images.stream();
        HostileImages.patchLittle(image, 28, 2);
        assertThat(HostileImages.broken(image, "vmdk")).contains("descriptor", "footer");
    }

    @Test
    void vmdkOfAnUnknownVersion() throws IOException {
        Path image = images.stream();
        HostileImages.patch(image, 4, new byte[] {9});
        assertThat(HostileImages.broken(image, "vmdk")).contains("format-version", "header");
    }

    /** Each by its place from the end of the file: footer marker, footer, end-of-stream marker. */
    @ParameterizedTest
    @CsvSource({
        "footer marker's size, -1528, 1",
        "footer marker's type, -1524, 1",
        "footer marker's padding, -1100, 1",
        "footer's version, -1020, 2",
        "footer's capacity, -1012, 1",
        "footer's descriptor, -996, 5",
        "footer's descriptor size, -988, 1",
        "end's value, -512, 1",
        "end's size, -504, 1",
        "end's type, -500, 1",
        "end's padding, -1, 1"
    })
    void vmdkWhoseFooterIsAnother(String what, long at, byte value) throws IOException {
        Path image = images.stream();
        HostileImages.patch(image, at, new byte[] {value});
        assertThat(HostileImages.broken(image, "vmdk")).as(what).contains("footer");
    }

    @Test
    void vmdkWhoseFooterHasAFooter() throws IOException {
        Path image = images.stream();
        HostileImages.patchLittle(image, -1024 + 56, -1);
        assertThat(HostileImages.broken(image, "vmdk")).contains("footer", "header");
    }

    @Test
    void vmdkWithoutItsFooter() throws IOException {
        Path image = images.stream();
        HostileImages.patch(image, -1024, "XXXX");
        assertThat(HostileImages.broken(image, "vmdk")).contains("truncated");
    }

    // ---- LUKS ------------------------------------------------------------------------------------------------------

    private Path luks() {
        Path image = images.file("volume.luks");
        QemuOracle.assumePresent()
                .img(
                        "create",
                        "--object",
                        "secret,id=s,data=x",
                        "-f",
                        "luks",
                        "-o",
                        "key-secret=s,iter-time=10",
                        image,
                        "1M")
                .expectExit(0);
        return image;
    }

    @Test
    void luksWithoutASecretIsCleanButNotRead() throws IOException {
        Validation result = HostileImages.validation(luks(), "luks").job().run();
        assertThat(HostileImages.broken(result)).containsExactly("unexamined");
    }

    @Test
    void luksOfVersionTwo() throws IOException {
        Path image = luks();
        HostileImages.patch(image, 6, new byte[] {0, 2});
        assertThat(HostileImages.broken(image, "luks")).contains("format-version", "format-foreign");
    }

    @Test
    void luksWithTooManyIterations() throws IOException {
        Path image = luks();
        HostileImages.patchInt(image, 208 + 4, 2_000_000_000);
        assertThat(HostileImages.broken(image, "luks")).contains("luks-iterations");
    }

    // ---- partition tables
    // --------------------------------------------------------------------------------------------

    private Path disk(int... entries) throws IOException {
        Path image = images.raw();
        byte[] sector = new byte[512];
        for (int i = 0; i < entries.length; i++) {
            sector[446 + i] = (byte) entries[i];
        }
        sector[510] = 0x55;
        sector[511] = (byte) 0xAA;
        HostileImages.patch(image, 0, sector);
        return image;
    }

    private static int[] entry(int boot, int head, int sector, int type, int first, int sectors) {
        return new int[] {
            boot,
            head,
            sector,
            0,
            type,
            0,
            0,
            0,
            first & 0xFF,
            (first >> 8) & 0xFF,
            (first >> 16) & 0xFF,
            0,
            sectors & 0xFF,
            (sectors >> 8) & 0xFF,
            (sectors >> 16) & 0xFF,
            0
        };
    }

    private static int[] both(int[] one, int[] other) {
        int[] all = Arrays.copyOf(one, one.length + other.length);
        System.arraycopy(other, 0, all, one.length, other.length);
        return all;
    }

    @Test
    void ordinaryPartitionsAreClean() throws IOException {
        Path image = disk(both(entry(0x80, 1, 1, 0x83, 2048, 2048), entry(0, 1, 1, 0x82, 4096, 2048)));
        assertThat(HostileImages.broken(image, "raw")).isEmpty();
    }

    @Test
    void partitionTableWithoutPartitions() throws IOException {
        assertThat(HostileImages.broken(disk(), "raw")).containsExactly("partition-table");
    }

    @Test
    void partitionWithAnOddBootFlag() throws IOException {
        assertThat(HostileImages.broken(disk(entry(0x42, 1, 1, 0x83, 2048, 2048)), "raw"))
                .containsExactly("partition-table");
    }

    @Test
    void partitionsThatOverlapOrLeaveTheDisk() throws IOException {
        Path image = disk(both(entry(0, 1, 1, 0x83, 2048, 4096), entry(0, 1, 1, 0x83, 4096, 0xFFFFFF)));
        Validation result = HostileImages.validation(image, "raw").job().run();
        assertThat(result.findings()).hasSize(2).allMatch(finding -> finding.rule() == Rule.PARTITION_TABLE);
    }

    @Test
    void protectiveTableWithoutAGpt() throws IOException {
        assertThat(HostileImages.broken(disk(entry(0, 0, 2, 0xEE, 1, 0xFFFF)), "raw"))
                .containsExactly("partition-table");
        assertThat(HostileImages.broken(disk(entry(0, 0, 1, 0xEE, 2, 0xFFFF)), "raw"))
                .containsExactly("partition-table");
    }

    @Test
    void protectiveTableWithOtherPartitions() throws IOException {
        Path image = disk(both(entry(0, 0, 2, 0xEE, 1, 0xFFFF), entry(0, 1, 1, 0x83, 2048, 2048)));
        assertThat(HostileImages.broken(image, "raw")).contains("hybrid-partition-table");
    }

    @Test
    void fileSystemOnTheWholeDiskIsNoPartitionTable() throws IOException {
        Path image = disk();
        HostileImages.patch(image, 0, "\u00eb\u0052\u0090NTFS    ");
        assertThat(HostileImages.broken(image, "raw")).isEmpty();
    }

    @Test
    void fatWithOneTableIsNoPartitionTable() throws IOException {
        Path image = disk();
        HostileImages.patch(image, 0, "\u00eb\u0058\u0090SYSLINUX\0\2\1\u0020\0\1\0\2\0\0\u00f8");
        assertThat(HostileImages.broken(image, "raw")).isEmpty();
    }

    @Test
    void entriesOfAGptMustHaveTheSumThatItsHeaderSays() throws IOException {
        Path image = disk(entry(0, 0, 2, 0xEE, 1, 0x5FFF));
        byte[] entries = new byte[128 * 128];
        Arrays.fill(entries, 0, 16, (byte) 7);
        java.nio.ByteBuffer header = java.nio.ByteBuffer.allocate(512).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        header.put("EFI PART".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        header.putInt(0x10000).putInt(92).putInt(0).putInt(0);
        header.putLong(1).putLong(0x5FFF).putLong(34).putLong(0x5FDE).putLong(0).putLong(0);
        header.putLong(2).putInt(128).putInt(128).putInt(sum(entries, entries.length));
        header.putInt(16, sum(header.array(), 92));
        HostileImages.patch(image, 512, header.array());
        HostileImages.patch(image, 1024, entries);
        assertThat(HostileImages.broken(image, "raw")).isEmpty();
        HostileImages.patch(image, 1024 + 40, (byte) 1);
        assertThat(HostileImages.broken(image, "raw")).containsExactly("partition-table");
    }

    private static int sum(byte[] bytes, int length) {
        java.util.zip.CRC32 crc = new java.util.zip.CRC32();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }

    /** A name that opens nothing, for its extent is the file that it stands in. */
    @Test
    void colonInTheNameOfAnEmbeddedExtent() throws IOException {
        Path image = images.converted("abc.vmdk", "vmdk", false, "");
        byte[] bytes = java.nio.file.Files.readAllBytes(image);
        int at = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1).indexOf("abc.vmdk");
        HostileImages.patch(image, at, "a:c.vmdk");
        assertThat(HostileImages.broken(image, "vmdk")).isEmpty();
        HostileImages.patch(image, at, "a:/.vmdk");
        assertThat(HostileImages.broken(image, "vmdk")).contains("external-extent", "absolute-reference");
    }

    @Test
    void streamOfNothingNamesNoOtherFile() throws IOException {
        Path image = images.file("nothing.vmdk");
        QemuOracle.assumePresent()
                .img("create", "-f", "vmdk", "-o", "subformat=streamOptimized", image, "0")
                .expectExit(0);
        assertThat(HostileImages.broken(image, "vmdk")).doesNotContain("external-extent");
    }

    @Test
    void partitionsAreLookedAtInsideOfAnImageToo() throws IOException {
        disk();
        assertThat(HostileImages.broken(images.qcow2(), "qcow2")).containsExactly("partition-table");
    }

    // ---- the shapes of vulnerabilities
    // -------------------------------------------------------------------------------

    /** CVE-2024-32498: a data file that is the host's, also where it lies in a json: name (CVE-2024-4467). */
    @ParameterizedTest
    @ValueSource(strings = {"/etc/passwd", "json:{\"driver\":\"file\",\"filename\":\"/etc/passwd\"}", "nbd:host:10809"})
    void dataFileOfTheHost(String name) throws IOException {
        Path image = images.file("cve.qcow2");
        Path data = images.file("data.raw");
        QemuOracle.assumePresent()
                .img("create", "-f", "qcow2", "-o", "data_file=" + data, image, "1M")
                .expectExit(0);
        // The name's extension is the first behind the header of 112 bytes.
        int padded = (name.length() + 7) & ~7;
        byte[] extension = Arrays.copyOf(name.getBytes(java.nio.charset.StandardCharsets.US_ASCII), padded + 8);
        HostileImages.patchInt(image, 112 + 4, name.length());
        HostileImages.patch(image, 112 + 8, extension);
        for (Policy policy : new Policy[] {Policy.strict(), Policy.cloud()}) {
            Validation result = new io.jimg.ops.Validate(io.jimg.Images.standard(), image.toString(), policy)
                    .format("qcow2")
                    .job()
                    .run();
            assertThat(HostileImages.broken(result)).contains("data-file", "absolute-reference");
        }
    }

    /** CVE-2024-44082: an image that is not what it was stated to be, which a later step would probe. */
    @ParameterizedTest
    @ValueSource(strings = {"strict", "cloud", "trusted"})
    void imageUnderAFalseName(String policy) throws IOException {
        Validation result = new io.jimg.ops.Validate(
                        io.jimg.Images.standard(), images.qcow2().toString(), Policy.of(policy))
                .format("raw")
                .job()
                .run();
        assertThat(HostileImages.broken(result)).contains("format-mismatch");
    }

    /** CVE-2026-24708: a guest's raw disk that begins like an image, for whoever probes it. */
    @Test
    void guestThatWritesAnImagesHeader() throws IOException {
        Path inner = images.qcow2();
        Path disk = images.file("disk.qcow2");
        QemuOracle.assumePresent()
                .img("convert", "-f", "raw", "-O", "qcow2", inner, disk)
                .expectExit(0);
        assertThat(HostileImages.broken(inner, "raw")).contains("format-mismatch");
        assertThat(HostileImages.broken(disk, "qcow2")).containsExactly("nested-format");
    }
}
