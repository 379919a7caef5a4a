package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.Job;
import io.jimg.OpenOptions;
import io.jimg.ops.Create;
import io.jimg.ops.Digest;
import io.jimg.ops.Validate;
import io.jimg.spi.DigestAlgorithm;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.OpenGate;
import io.jimg.testkit.QemuOracle;
import io.jimg.validate.Finding;
import io.jimg.validate.Place;
import io.jimg.validate.Policy;
import io.jimg.validate.Rule;
import io.jimg.validate.Validation;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Structure, truncation, resources and integrity; the rest is in {@link ValidateOpenStackTest}. */
class ValidateTest {
    private static final Images IMAGES = Images.standard();

    /** Where the sample's text begins. */
    private static final long TEXT_AT = 6L << 20;

    @TempDir
    Path folder;

    private HostileImages images;

    @BeforeEach
    void findOracle() {
        images = new HostileImages(QemuOracle.assumePresent(), folder);
    }

    private static Finding first(Validation result, Rule rule) {
        return result.findings().stream()
                .filter(finding -> finding.rule() == rule)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + rule + " in " + result));
    }

    private static Validation run(Path file, String format, Policy policy) throws IOException {
        return new Validate(IMAGES, file.toString(), policy)
                .format(format)
                .job()
                .run();
    }

    // ---- structure -------------------------------------------------------------------------------------------------

    @Test
    void leaksAndCorruptionsHavePlaces() throws IOException {
        Path image = images.qcow2();
        long size = Files.size(image);
        // A cluster behind the end that nobody uses, and one that is used and not counted.
        HostileImages.cut(image, (size / 65536 + 1) * 65536);
        long block = longAt(image, longAt(image, 48)) & -512;
        HostileImages.patch(image, block + 2 * (size / 65536), (byte) 0, (byte) 1);
        HostileImages.patch(image, block + 2 * 5, (byte) 0, (byte) 0);
        Validation result = run(image, "qcow2", Policy.cloud());
        assertThat(first(result, Rule.CORRUPTION).place()).isEqualTo(new Place(Place.Kind.CLUSTER, 5));
        assertThat(first(result, Rule.LEAK).place()).isEqualTo(new Place(Place.Kind.CLUSTER, size / 65536));
        assertThat(result.clean()).isFalse();
    }

    private static long longAt(Path file, long at) throws IOException {
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            in.seek(at);
            return in.readLong();
        }
    }

    @ParameterizedTest
    @CsvSource({"qcow2, 20", "qcow2, 100", "vmdk, 20", "vmdk, 44"})
    void headerThatCannotBeReadIsAFinding(String format, long field) throws IOException {
        Path image = images.converted("damaged." + format, format, false, "");
        HostileImages.patchInt(image, field, 0xFFFFFFFF);
        Validation result = run(image, format, Policy.trusted());
        assertThat(result.found(Rule.HEADER)).isTrue();
        assertThat(result.virtualSize()).isNegative();
        assertThat(result.clean()).isFalse();
    }

    @Test
    void ofOneRuleAreKeptAsManyAsAReportCanUse() throws IOException {
        Path image = images.converted("many.qcow2", "qcow2", true, "cluster_size=512");
        long block = longAt(image, longAt(image, 48)) & -512;
        HostileImages.patch(image, block, new byte[512]);
        Validation result = run(image, "qcow2", Policy.strict());
        assertThat(result.findings().stream().filter(finding -> finding.rule() == Rule.CORRUPTION))
                .hasSizeLessThanOrEqualTo(Validation.MOST_OF_A_RULE);
        assertThat(result.findings().size() + result.findingsLeftOut()).isGreaterThan(Validation.MOST_OF_A_RULE);
    }

    // ---- truncation ------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "qcow2, '', 3",
        "qcow2, '', 100",
        "qcow2, extended_l2=on, 3",
        "vmdk, '', 3",
        "vmdk, subformat=streamOptimized, 3",
        "vmdk, '', 1000",
        "qcow2, '', 2000",
        "luks, 'key-secret=s;iter-time=10', 1000"
    })
    void fileThatEndsEarly(String format, String options, long parts) throws IOException {
        Path image;
        if (format.equals("luks")) {
            image = images.file("t.luks");
            new Create(IMAGES, image.toString())
                    .format("luks")
                    .size(1 << 20)
                    .options(DottedOptions.EMPTY.with("key-secret", "s").with("iter-time", "10"))
                    .backingOptions(secret())
                    .plan()
                    .job()
                    .run();
        } else {
            image = images.converted("t." + format, format, false, options);
        }
        HostileImages.cut(image, Files.size(image) / parts);
        Validation result = run(image, format, Policy.trusted());
        assertThat(HostileImages.broken(result)).contains("truncated");
    }

    private static OpenOptions secret() {
        return OpenOptions.DEFAULT.withSecrets(id -> "x".getBytes(StandardCharsets.UTF_8));
    }

    /** One data cluster short: the tables are all there. */
    @ParameterizedTest
    @ValueSource(strings = {"qcow2", "vmdk"})
    void fileWithoutItsLastData(String format) throws IOException {
        Path image = images.converted("t." + format, format, false, "");
        HostileImages.cut(image, Files.size(image) - 40_000);
        Validation result = run(image, format, Policy.trusted());
        assertThat(HostileImages.broken(result)).contains("truncated");
    }

    // ---- resources -------------------------------------------------------------------------------------------------

    @Test
    void largeDisksAreNotWalkedOver() throws IOException {
        Path image = images.file("large.qcow2");
        new Create(IMAGES, image.toString())
                .format("qcow2")
                .size(3L << 40)
                .plan()
                .job()
                .run();
        Validation result = run(image, "qcow2", Policy.strict());
        assertThat(HostileImages.broken(result)).containsExactly("unexamined", "virtual-size");
        assertThat(run(image, "qcow2", Policy.cloud()).clean()).isTrue();
    }

    @Test
    void largeTablesAreFound() throws IOException {
        Path image = images.file("tables.qcow2");
        new Create(IMAGES, image.toString())
                .format("qcow2")
                .size(128L << 30)
                .options(DottedOptions.EMPTY.with("cluster_size", "512"))
                .plan()
                .job()
                .run();
        assertThat(HostileImages.broken(run(image, "qcow2", Policy.strict()))).contains("metadata-size");
    }

    /** All entries of an L2 table name the same compressed cluster. */
    private Path bomb() throws IOException {
        Path image = images.file("bomb.qcow2");
        new Create(IMAGES, image.toString())
                .format("qcow2")
                .size(1L << 29)
                .plan()
                .job()
                .run();
        Path raw = images.file("zeroes.raw");
        byte[] cluster = new byte[65536];
        Arrays.fill(cluster, (byte) 'A');
        Files.write(raw, cluster);
        Path packed = images.file("packed.qcow2");
        QemuOracle.assumePresent()
                .img("convert", "-c", "-f", "raw", "-O", "qcow2", raw, packed)
                .expectExit(0);
        QemuOracle.assumePresent().img("resize", "-f", "qcow2", packed, "512M").expectExit(0);
        long l2 = longAt(packed, longAt(packed, 40)) & 0x00fffffffffffe00L;
        long entry = longAt(packed, l2);
        ByteBuffer all = ByteBuffer.allocate(65536);
        while (all.hasRemaining()) {
            all.putLong(entry);
        }
        HostileImages.patch(packed, l2, all.array());
        return packed;
    }

    @Test
    void bombsGoOffInAThimble() throws IOException {
        Validation result = run(bomb(), "qcow2", Policy.strict());
        assertThat(HostileImages.broken(result)).contains("decompression-ratio");
        // 512 MiB are claimed; 64 MiB, or 200 times the file's 400 KiB, are decompressed.
        assertThat(result.compressedRuns() * 65536).isLessThanOrEqualTo((80L << 20) + 65536);
    }

    @Test
    void sameTableForAllOfTheDiskEnds() throws IOException {
        Path image = images.qcow2();
        long l1 = longAt(image, 40);
        long entry = longAt(image, l1);
        Path large = images.file("shared.qcow2");
        new Create(IMAGES, large.toString())
                .format("qcow2")
                .size(1L << 40)
                .plan()
                .job()
                .run();
        byte[] tables = Files.readAllBytes(image);
        long end = Files.size(large);
        // The whole small image behind the large one, and all L1 entries of the large one to its table.
        HostileImages.patch(large, end, tables);
        long table = (entry & 0x00fffffffffffe00L) + end;
        ByteBuffer all = ByteBuffer.allocate(2048 * 8);
        while (all.hasRemaining()) {
            all.putLong(table | 1L << 63);
        }
        HostileImages.patch(large, longAt(large, 40), all.array());
        Validation result = run(large, "qcow2", Policy.strict());
        assertThat(HostileImages.broken(result)).contains("corruption");
    }

    // ---- integrity -------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"qcow2, ''", "qcow2, compression_type=zstd", "vmdk, subformat=streamOptimized"})
    void streamsThatAreDamaged(String format, String options) throws IOException {
        Path image = images.converted("c." + format, format, true, options);
        long at = format.equals("qcow2") ? streamInClusters(image) : streamInGrains(image);
        byte[] garbage = new byte[12];
        Arrays.fill(garbage, (byte) 0xFF);
        // zstd notices damage to its frame; deflate to its codes.
        HostileImages.patch(image, options.contains("zstd") ? at : at + 16, garbage);
        Validation result = run(image, format, Policy.trusted());
        assertThat(HostileImages.broken(result)).contains("compressed-data");
        Finding damaged = first(result, Rule.COMPRESSED_DATA);
        assertThat(damaged.place().kind()).isEqualTo(Place.Kind.GUEST_OFFSET);
        assertThat(damaged.place().at()).isEqualTo(TEXT_AT);
    }

    @Test
    void whatSnapshotsAloneHoldIsInflatedToo() throws IOException {
        Path image = images.converted("s.qcow2", "qcow2", true, "");
        long at = streamInClusters(image);
        QemuOracle qemu = QemuOracle.assumePresent();
        qemu.img("snapshot", "-c", "old", image).expectExit(0);
        qemu.ioCommands("qcow2", image, "write -P 3 6M 3M");
        assertThat(run(image, "qcow2", Policy.trusted()).clean()).isTrue();
        byte[] garbage = new byte[12];
        Arrays.fill(garbage, (byte) 0xFF);
        HostileImages.patch(image, at + 16, garbage);
        Finding damaged = first(run(image, "qcow2", Policy.trusted()), Rule.COMPRESSED_DATA);
        assertThat(damaged.place()).isEqualTo(Place.guest(TEXT_AT));
        assertThat(damaged.sentence())
                .startsWith("In the snapshot '1': ")
                .doesNotContain("Input/output error")
                .contains("decompress");
    }

    @Test
    void theLastBytesOfAFileCount() throws IOException {
        Path image = images.converted("tail.qcow2", "qcow2", false, "");
        QemuOracle.assumePresent().ioCommands("qcow2", image, "write -P 3 4M 64k");
        assertThat(run(image, "qcow2", Policy.cloud()).clean()).isTrue();
        HostileImages.cut(image, Files.size(image) - 200);
        assertThat(run(image, "qcow2", Policy.cloud()).found(Rule.TRUNCATED)).isTrue();
        Path plain = Files.write(images.file("plain.raw"), new byte[1000]);
        assertThat(run(plain, "raw", Policy.strict()).found(Rule.TRUNCATED)).isFalse();
    }

    @Test
    void adviceOfTheCheckIsNotPassedOn() throws IOException {
        Path image = images.converted("narrow.qcow2", "qcow2", false, "refcount_bits=1");
        // Two entries of the L2 table name one cluster, which one bit cannot count.
        long l2 = longAt(image, longAt(image, 40)) & 0x00fffffffffffe00L;
        HostileImages.patchLong(image, l2 + 8, longAt(image, l2));
        for (Finding finding : run(image, "qcow2", Policy.trusted()).findings()) {
            assertThat(finding.sentence()).doesNotContain("u000a", "qemu-img", "ERROR");
        }
        assertThat(first(run(image, "qcow2", Policy.trusted()), Rule.CORRUPTION).sentence())
                .startsWith("Overflow cluster offset=0x");
    }

    /** By the L2 entry, whose low 54 bits are the place where clusters are of 64 KiB. */
    private static long streamInClusters(Path image) throws IOException {
        long l2 = longAt(image, longAt(image, 40)) & 0x00fffffffffffe00L;
        return longAt(image, l2 + TEXT_AT / 65536 * 8) & ((1L << 54) - 1);
    }

    /** By the marker before the grain, which says its first sector, at the start of a sector. */
    private static long streamInGrains(Path image) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(image)).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 65536; at < bytes.capacity(); at += 512) {
            if (bytes.getLong(at) == TEXT_AT / 512 && bytes.getInt(at + 8) > 0) {
                return at + 12L;
            }
        }
        throw new AssertionError("no grain for " + TEXT_AT);
    }

    @Test
    void digestIsCompared() throws IOException {
        Path image = images.converted("d.qcow2", "qcow2", true, "");
        String digest;
        try (DiskImage raw = IMAGES.open(images.raw(), OpenOptions.DEFAULT.withFormat("raw"))) {
            digest = Digest.hex(Digest.of(raw, DigestAlgorithm.BLKHASH_SHA256).run());
        }
        Validate validate = HostileImages.validation(image, "qcow2");
        assertThat(validate.digest(DigestAlgorithm.BLKHASH_SHA256, digest.toUpperCase(java.util.Locale.ROOT))
                        .job()
                        .run()
                        .clean())
                .isTrue();
        Validation other = validate.digest(DigestAlgorithm.SHA256, digest).job().run();
        assertThat(HostileImages.broken(other)).containsExactly("digest");
    }

    // ---- what it does and does not touch
    // -----------------------------------------------------------------------------

    @Test
    void nothingIsWrittenAndProgressComesToItsEnd() throws IOException {
        Path image = images.converted("p.qcow2", "qcow2", true, "");
        HostileImages.patchLong(image, 72, 1);
        byte[] before = Files.readAllBytes(image);
        AtomicLong last = new AtomicLong();
        Job<Validation> job = HostileImages.validation(image, "qcow2").job();
        job.onProgress((done, total) -> {
            last.set(done);
            assertThat(total).isEqualTo(1000);
        });
        Validation result = job.run();
        assertThat(last).hasValue(1000);
        assertThat(HostileImages.broken(result)).containsExactly("dirty");
        assertThat(result.compressedRuns()).isPositive();
        assertThat(Files.readAllBytes(image)).isEqualTo(before);
    }

    @Test
    void cancelledValidationGivesNoResult() throws IOException {
        Job<Validation> job = HostileImages.validation(images.converted("x.qcow2", "qcow2", true, ""), "qcow2")
                .job();
        job.cancel();
        assertKind(job, ErrorKind.CANCELLED);
    }

    private static void assertKind(Job<Validation> job, ErrorKind kind) {
        assertThatThrownBy(job::run)
                .isInstanceOfSatisfying(
                        ImageException.class,
                        failure -> assertThat(failure.kind()).isEqualTo(kind));
    }

    @Test
    void whatCannotRunThrows() throws IOException {
        assertKind(HostileImages.validation(images.file("absent"), "raw").job(), ErrorKind.NOT_FOUND);
        assertKind(HostileImages.validation(images.raw(), "vhdx").job(), ErrorKind.UNSUPPORTED);
        assertThatThrownBy(HostileImages.validation(folder, "raw").job()::run).isInstanceOf(IOException.class);
    }

    @Test
    void emptyFileIsAnEmptyDisk() throws IOException {
        Path empty = Files.createFile(images.file("empty"));
        assertThat(run(empty, "raw", Policy.strict()).clean()).isTrue();
        assertThat(run(empty, "qcow2", Policy.trusted()).clean()).isFalse();
    }

    @Test
    void secretsAndGatesLetMoreBeSeen() throws IOException {
        Path flat = images.converted("flat.vmdk", "vmdk", false, "subformat=monolithicFlat");
        Validation permitted = new Validate(IMAGES, flat.toString(), Policy.trusted())
                .options(OpenOptions.DEFAULT.withFormat("vmdk").withGate(OpenGate.within(folder)))
                .job()
                .run();
        assertThat(permitted.clean()).isTrue();
        assertThat(permitted.found(Rule.UNEXAMINED)).isFalse();
        assertThat(run(flat, "vmdk", Policy.trusted()).found(Rule.UNEXAMINED)).isTrue();

        Path luks = images.file("v.luks");
        QemuOracle.assumePresent()
                .img(
                        "convert",
                        "--object",
                        "secret,id=s,data=x",
                        "-f",
                        "raw",
                        "-O",
                        "luks",
                        "-o",
                        "key-secret=s,iter-time=10",
                        images.qcow2(),
                        luks)
                .expectExit(0);
        Validation opened = new Validate(IMAGES, luks.toString(), Policy.strict())
                .options(secret().withFormat("luks").withDriverOptions(DottedOptions.EMPTY.with("key-secret", "s")))
                .job()
                .run();
        assertThat(HostileImages.broken(opened)).containsExactly("nested-format");
    }

    @Test
    void olderStatesAndOldEncryptionAreTold() throws IOException {
        QemuOracle qemu = QemuOracle.assumePresent();
        Path image = images.qcow2();
        qemu.img("snapshot", "-c", "before", image).expectExit(0);
        assertThat(HostileImages.broken(image, "qcow2")).containsExactly("snapshots");
        Path old = images.file("aes.qcow2");
        qemu.img(
                        "create",
                        "--object",
                        "secret,id=s,data=x",
                        "-f",
                        "qcow2",
                        "-o",
                        "encrypt.format=aes,encrypt.key-secret=s",
                        old,
                        "1M")
                .expectExit(0);
        assertThat(HostileImages.broken(old, "qcow2")).contains("weak-encryption");
    }

    /** What an image says is told without what would move a terminal's cursor or end a line. */
    @Test
    void hostileNamesAreEscaped() throws IOException {
        Path image = images.file("name.qcow2");
        String name = "a\n\u001b[2J\u202e";
        QemuOracle.assumePresent()
                .img("create", "-f", "qcow2", "-u", "-b", name, "-F", "raw", image, "1M")
                .expectExit(0);
        Validation result = run(image, "qcow2", Policy.strict());
        assertThat(result.findings()).isNotEmpty().allSatisfy(finding -> {
            assertThat(finding.sentence().chars().noneMatch(Character::isISOControl))
                    .isTrue();
            assertThat(finding.sentence()).doesNotContain("\u202e");
        });
        assertThat(List.of(first(result, Rule.ABSOLUTE_REFERENCE).sentence()))
                .allMatch(sentence -> sentence.contains("control characters"));
    }
}
