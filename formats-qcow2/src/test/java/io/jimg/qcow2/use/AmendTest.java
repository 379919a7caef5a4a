package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.Options;
import io.jimg.ZeroMode;
import io.jimg.capability.Amendable;
import io.jimg.capability.Bitmaps;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Snapshots;
import io.jimg.qcow2.Qcow2;
import io.jimg.qcow2.Qcow2AmendOptions;
import io.jimg.qcow2.check.Qcow2Check;
import io.jimg.qcow2.check.RefcountRebuild;
import io.jimg.qcow2.header.AutoclearFeature;
import io.jimg.qcow2.header.CompatibleFeature;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.IncompatibleFeature;
import io.jimg.qcow2.image.Qcow2Opener;
import io.jimg.storage.FileStorage;
import io.jimg.storage.MemoryStorage;
import io.jimg.storage.Storage;
import io.jimg.testkit.KeptStorage;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.ReorderingStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random options of random images are amended: what the disk and its snapshots hold stays, the header says what was
 * asked for, and no check finds anything. Power is lost on the way: leaks at worst. The system property
 * {@code jimg.amend.seeds} sets how many images are amended, {@code jimg.powerloss.seed} the first.
 */
class AmendTest {
    private static final int SEEDS = Integer.getInteger("jimg.amend.seeds", 40);
    private static final long FIRST = Long.getLong("jimg.powerloss.seed", 1);
    private static final int JUDGED_BY_QEMU = 4;

    @TempDir
    Path folder;

    private int amended;
    private int refused;
    private int crashes;
    private final Map<String, Integer> tally = new TreeMap<>();
    private int judged;

    @Test
    void keepsTheContentWhateverIsAmended(TestReporter reporter) throws IOException {
        Optional<QemuOracle> oracle = QemuOracle.find();
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            Random random = new Random(seed);
            Configuration configuration = Configuration.random(random, true);
            List<String> story = new ArrayList<>();
            try {
                amend(new Making(configuration, seed), random, story, oracle);
            } catch (AssertionError | IOException | RuntimeException failure) {
                throw new AssertionError("seed " + seed + ": " + configuration + " " + story, failure);
            }
        }
        reporter.publishEntry(
                "amended",
                amended + ", refused " + refused + ", crash points " + crashes + " " + tally
                        + ", judged by the real tools " + judged);
        assertThat(amended).isGreaterThan(SEEDS / 2);
    }

    private void amend(Making making, Random random, List<String> story, Optional<QemuOracle> oracle)
            throws IOException {
        ReorderingStorage storage = new ReorderingStorage("image.qcow2");
        making.make(storage);
        try (DiskImage image = making.open(new KeptStorage(storage))) {
            prepare(image, random);
        }
        storage.flush();
        List<byte[]> contents;
        try (DiskImage image = making.open(new KeptStorage(storage))) {
            contents = contents(image);
        }
        for (int i = 0; i < 3; i++) {
            Options options = options(random);
            story.add(options.toString());
            Random crashing = new Random(random.nextLong());
            boolean done;
            try (DiskImage image = making.open(new KeptStorage(storage))) {
                storage.observe(number -> {
                    if (crashing.nextInt(4) == 0) {
                        crashes++;
                        kinds(options).forEach(kind -> tally.merge(kind, 1, Integer::sum));
                        verify(making, storage.crash(crashing.nextLong()), contents, true);
                    }
                });
                done = amend(image, options);
                storage.observe(null);
                assertThat(same(contents, contents(image)))
                        .as("content of the open image")
                        .isTrue();
            } finally {
                storage.observe(null);
            }
            verify(making, storage, contents, false);
            if (done) {
                amended++;
                expect(Qcow2Opener.readHeader(storage), options);
            } else {
                refused++;
            }
            if (oracle.isPresent() && random.nextInt(JUDGED_BY_QEMU) == 0) {
                judge(making, oracle.get(), storage);
            }
        }
    }

    /** Version 2 has no bitmaps; qemu-img leaks their clusters. */
    @Test
    void aDowngradeGivesBackWhatBitmapsTook(TestReporter reporter) throws IOException {
        Configuration plain = new Configuration(
                "cluster_size=4096", "", 1 << 20, Configuration.Layer.NONE, false, Configuration.Start.EMPTY);
        Making making = new Making(plain, 1);
        ReorderingStorage storage = new ReorderingStorage("image.qcow2");
        making.make(storage);
        try (DiskImage image = making.open(new KeptStorage(storage))) {
            Bitmaps bitmaps = image.capability(Bitmaps.class).orElseThrow();
            bitmaps.add("recording", 65536, true);
            bitmaps.add("idle", 512, false);
            image.write(ByteBuffer.allocate(100_000), 100_000);
        }
        storage.flush();
        List<byte[]> contents;
        try (DiskImage image = making.open(new KeptStorage(storage))) {
            contents = contents(image);
            Random crashing = new Random(1);
            storage.observe(number -> {
                crashes++;
                verify(making, storage.crash(crashing.nextLong()), contents, true);
            });
            assertThat(amend(image, Options.of(Qcow2AmendOptions.COMPAT, Qcow2.Compat.VERSION_2)))
                    .isTrue();
            storage.observe(null);
        }
        verify(making, storage, contents, false);
        assertThat(Qcow2Opener.readHeader(storage).version()).isEqualTo(2);
        reporter.publishEntry("crash points", Integer.toString(crashes));
    }

    /** The data file keeps what is written to it from now on to clusters, and its bytes stay what they are. */
    @Test
    void aDataFileMayEndToBeRaw(TestReporter reporter) throws IOException {
        Configuration raw = new Configuration(
                "cluster_size=4096,data_file=" + Configuration.DATA + ",data_file_raw=on",
                "",
                1 << 20,
                Configuration.Layer.NONE,
                true,
                Configuration.Start.MIXED);
        Making making = new Making(raw, 1);
        ReorderingStorage storage = new ReorderingStorage("image.qcow2");
        making.make(storage);
        storage.flush();
        try (DiskImage image = making.open(new KeptStorage(storage))) {
            List<byte[]> contents = contents(image);
            storage.observe(number -> {
                for (int seed = 0; seed < 20; seed++) {
                    crashes++;
                    verify(making, storage.crash(seed), contents, true);
                }
            });
            assertThat(amend(image, Options.of(Qcow2.DATA_FILE_RAW, false))).isTrue();
            storage.observe(null);
            assertThat(same(contents, contents(image))).isTrue();
        }
        assertThat(Qcow2Opener.readHeader(storage).autoclear().has(AutoclearFeature.RAW_EXTERNAL_DATA))
                .isFalse();
        assertThat(crashes).isPositive();
        reporter.publishEntry("crash points", Integer.toString(crashes));
    }

    /** No more than a check finds before: the header, the tables and the guest's bytes are not overwritten. */
    @Test
    void newRefcountsAreKeptOffMetadataThatTheOldOnesCallFree() throws IOException {
        Configuration plain = new Configuration(
                "cluster_size=4096", "", 1 << 20, Configuration.Layer.NONE, false, Configuration.Start.EMPTY);
        Making making = new Making(plain, 1);
        ReorderingStorage storage = new ReorderingStorage("image.qcow2");
        making.make(storage);
        Header header = Qcow2Opener.readHeader(storage);
        ByteBuffer entry = ByteBuffer.allocate(Long.BYTES);
        storage.read(entry, header.refcountTableOffset());
        storage.write(ByteBuffer.allocate(4096), entry.getLong(0));
        ByteBuffer before = ByteBuffer.allocate(4096);
        storage.read(before, 0);
        try (DiskImage image = making.open(new KeptStorage(storage))) {
            assertThat(amend(image, Options.of(Qcow2AmendOptions.REFCOUNT_BITS, 32L)))
                    .isTrue();
        }
        ByteBuffer after = ByteBuffer.allocate(4096);
        storage.read(after, 0);
        assertThat(Arrays.copyOfRange(after.array(), 512, 4096))
                .isEqualTo(Arrays.copyOfRange(before.array(), 512, 4096));
        header = Qcow2Opener.readHeader(storage);
        assertThat(header.refcountBits()).isEqualTo(32);
        RefcountRebuild.run(storage, header);
        header = Qcow2Opener.readHeader(storage);
        assertThat(new Qcow2Check(storage, header).run().corruptions()).isZero();
        try (DiskImage image = making.opening(false).open(new KeptStorage(storage))) {
            assertThat(contents(image).get(0)).containsOnly(0);
        }
    }

    private static void prepare(DiskImage image, Random random) throws IOException {
        Snapshots snapshots = image.capability(Snapshots.class).orElseThrow();
        for (int i = random.nextInt(3); i > 0; i--) {
            try {
                snapshots.create("snapshot " + i, Instant.EPOCH);
            } catch (ImageException narrow) {
                assertThat(narrow.kind()).isEqualTo(ErrorKind.LIMIT);
            }
            int cluster = image.clusterSize();
            long at = random.nextInt((int) (image.size() / cluster)) * (long) cluster;
            image.write(ByteBuffer.wrap(new byte[] {7, 7, 7}), at);
            image.writeZeroes(
                    random.nextInt((int) (image.size() / cluster)) * (long) cluster,
                    cluster,
                    random.nextBoolean() ? ZeroMode.KEEP_ALLOCATED : ZeroMode.MAY_UNMAP);
        }
    }

    private static List<String> kinds(Options options) {
        List<String> kinds = new ArrayList<>();
        if (options.has(Qcow2AmendOptions.COMPAT)) {
            kinds.add("to " + options.require(Qcow2AmendOptions.COMPAT));
        }
        for (Option<?> option : List.of(Qcow2AmendOptions.REFCOUNT_BITS, Qcow2AmendOptions.LAZY_REFCOUNTS)) {
            if (options.has(option)) {
                kinds.add(option.name());
            }
        }
        return kinds;
    }

    private static Options options(Random random) {
        Options options = Options.none();
        if (random.nextInt(3) != 0) {
            options = options.with(
                    Qcow2AmendOptions.COMPAT, Qcow2.Compat.values()[random.nextInt(Qcow2.Compat.values().length)]);
        }
        if (random.nextInt(2) == 0) {
            long bits = random.nextInt(3) == 0 ? 16 : 1L << random.nextInt(7);
            options = options.with(Qcow2AmendOptions.REFCOUNT_BITS, bits);
        }
        if (random.nextInt(3) == 0) {
            options = options.with(Qcow2AmendOptions.LAZY_REFCOUNTS, random.nextBoolean());
        }
        return options;
    }

    /** Returns whether the options were accepted. */
    private static boolean amend(DiskImage image, Options options) throws IOException {
        try {
            image.capability(Amendable.class)
                    .orElseThrow()
                    .amend(options, false)
                    .run();
            return true;
        } catch (ImageException refusal) {
            assertThat(refusal.kind()).as("%s", refusal).isIn(ErrorKind.BAD_OPTION, ErrorKind.UNSUPPORTED);
            return false;
        }
    }

    private static void expect(Header header, Options options) {
        if (options.has(Qcow2AmendOptions.COMPAT)) {
            assertThat(header.version())
                    .isEqualTo(options.require(Qcow2AmendOptions.COMPAT).version());
        }
        if (options.has(Qcow2AmendOptions.REFCOUNT_BITS)) {
            assertThat((long) header.refcountBits()).isEqualTo(options.require(Qcow2AmendOptions.REFCOUNT_BITS));
        }
        if (options.has(Qcow2AmendOptions.LAZY_REFCOUNTS)) {
            assertThat(header.compatible().has(CompatibleFeature.LAZY_REFCOUNTS))
                    .isEqualTo(options.require(Qcow2AmendOptions.LAZY_REFCOUNTS));
        }
    }

    /** An image that is whole, or that a crash has left, which it may have with leaks. */
    private static void verify(Making making, Storage storage, List<byte[]> contents, boolean leaks)
            throws IOException {
        Header header = Qcow2Opener.readHeader(storage);
        if (leaks && header.incompatible().has(IncompatibleFeature.DIRTY)) {
            RefcountRebuild.run(storage, header);
            header = Qcow2Opener.readHeader(storage);
        }
        CheckReport report = new Qcow2Check(storage, header).run();
        assertThat(report.corruptions() + report.checkErrors() + (leaks ? 0 : report.leaks()))
                .as("%s", report.findings())
                .isZero();
        try (DiskImage image = making.opening(false).open(new KeptStorage(storage))) {
            assertThat(same(contents, contents(image))).as("content").isTrue();
        }
    }

    private void judge(Making making, QemuOracle oracle, ReorderingStorage storage) throws IOException {
        judged++;
        Path file = folder.resolve("amended.qcow2");
        Files.deleteIfExists(file);
        try (FileStorage copy = FileStorage.create(file)) {
            storage.copyTo(copy);
        }
        save(making.base(), folder.resolve(Configuration.BASE));
        List<Object> words = new ArrayList<>(List.of("check"));
        words.addAll(making.configuration().words("amended.qcow2"));
        oracle.imgIn(folder, words.toArray()).expectExit(0);
    }

    private static void save(@Nullable MemoryStorage storage, Path file) throws IOException {
        if (storage != null) {
            ByteBuffer bytes = ByteBuffer.allocate((int) storage.size());
            storage.read(bytes, 0);
            Files.write(file, bytes.array());
        }
    }

    /** The disk, then the snapshots. */
    private static List<byte[]> contents(DiskImage image) throws IOException {
        List<byte[]> contents = new ArrayList<>();
        contents.add(read(image));
        Snapshots snapshots = image.capability(Snapshots.class).orElseThrow();
        for (Snapshots.Snapshot snapshot : snapshots.list()) {
            try (DiskImage opened = snapshots.open(snapshot.id())) {
                contents.add(read(opened));
            }
        }
        return contents;
    }

    private static byte[] read(DiskImage image) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) image.size());
        image.read(bytes, 0);
        return bytes.array();
    }

    private static boolean same(List<byte[]> one, List<byte[]> other) {
        boolean same = one.size() == other.size();
        for (int i = 0; same && i < one.size(); i++) {
            same = Arrays.equals(one.get(i), other.get(i));
        }
        return same;
    }
}
