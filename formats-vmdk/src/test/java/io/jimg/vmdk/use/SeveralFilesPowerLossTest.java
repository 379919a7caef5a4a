package io.jimg.vmdk.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.ZeroMode;
import io.jimg.capability.Checkable;
import io.jimg.capability.Rebasable;
import io.jimg.capability.Resizable;
import io.jimg.spi.OpenGate;
import io.jimg.storage.Storage;
import io.jimg.testkit.BareContext;
import io.jimg.testkit.KeptStorage;
import io.jimg.testkit.ReorderingStorage;
import io.jimg.vmdk.image.VmdkImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Power is lost while disks of several files are written, each file in a state of its own. What is left opens, checks
 * clean and holds what was flushed; and where its content is another than when it was opened, its CID is another, too,
 * so that no child takes it for its parent. The system property {@code jimg.powerloss.seeds} sets how many disks of
 * each kind are worked on.
 */
class SeveralFilesPowerLossTest {
    private static final int SEEDS = Math.max(1, Integer.getInteger("jimg.powerloss.seeds", 20) / 4);
    private static final int STEPS = 25;
    private static final double CHANCE = 0.1;
    private static final int PART = 150_016;

    /** What a disk consists of. */
    private enum Kind {
        SPLIT_SPARSE("RW 293 SPARSE \"a.vmdk\"\nRW 293 SPARSE \"b.vmdk\"\n", false),
        FLAT("RW 586 FLAT \"flat.vmdk\" 0\n", false),
        MIXED("RW 293 SPARSE \"a.vmdk\"\nRW 200 FLAT \"flat.vmdk\" 7\nRW 293 SPARSE \"b.vmdk\"\n", false),
        CHILD("RW 293 SPARSE \"a.vmdk\"\nRW 293 SPARSE \"b.vmdk\"\n", true);

        final String extents;
        final boolean child;

        Kind(String extents, boolean child) {
            this.extents = extents;
            this.child = child;
        }
    }

    /** Files by name; opens what images name of them. */
    private record Folder(
            Map<String, ReorderingStorage> files,
            boolean writable,
            boolean parentWritable,
            AtomicReference<ReorderingStorage.@Nullable Observer> watch)
            implements BareContext {

        Folder(Map<String, ReorderingStorage> files, boolean writable, boolean parentWritable) {
            this(files, writable, parentWritable, new AtomicReference<>());
        }

        Storage file(String name) {
            return new KeptStorage(Objects.requireNonNull(files.get(name), name));
        }

        VmdkImage open(String name) throws IOException {
            return (VmdkImage) InMemory.format().open(file(name), this);
        }

        Folder crash(long seed) {
            Map<String, ReorderingStorage> left = new HashMap<>();
            files.forEach((name, file) -> left.put(name, file.crash(seed * 31 + name.hashCode())));
            return new Folder(left, true, false);
        }

        @Override
        public @Nullable Storage openStorage(String child, OpenGate.Role role, @Nullable String name) {
            return file(Objects.requireNonNull(name));
        }

        /** Watches the files that there are, and those that are made from now on. */
        void observe(ReorderingStorage.Observer observer) {
            watch.set(observer);
            files.values().forEach(file -> file.observe(observer));
        }

        /** New files lose what was written to them like others, and their names never. */
        @Override
        public NewFile createStorage(OpenGate.Role role, String name) {
            ReorderingStorage made = new ReorderingStorage(name);
            made.observe(watch.get());
            files.put(name, made);
            return new NewFile() {
                @Override
                public Storage storage() {
                    return new KeptStorage(made);
                }

                @Override
                public void remove() {
                    files.remove(name);
                }
            };
        }

        @Override
        public @Nullable DiskImage openBacking(@Nullable String name, @Nullable String format) throws IOException {
            return name == null ? null : new Folder(files, parentWritable, false).open(name);
        }
    }

    private static Folder folder(Kind kind, long seed, boolean parentWritable) throws IOException {
        Map<String, ReorderingStorage> files = new HashMap<>();
        for (String name : List.of("disk.vmdk", "a.vmdk", "b.vmdk", "flat.vmdk", "base.vmdk")) {
            files.put(name, new ReorderingStorage(name));
        }
        Folder folder = new Folder(files, true, parentWritable);
        InMemory alone = new InMemory(true, null);
        for (String name : List.of("a.vmdk", "b.vmdk")) {
            InMemory.format().create(folder.file(name), alone.request(PART, seed % 2 == 0 ? "zeroed_grain=on" : ""));
        }
        folder.file("flat.vmdk").truncate(2 * PART + 7 * 512);
        InMemory.format().create(folder.file("base.vmdk"), alone.request(2 * PART, ""));
        long parentCid = 0xFFFFFFFFL;
        try (VmdkImage base = folder.open("base.vmdk")) {
            base.write(ByteBuffer.wrap(Disks.content(2 * PART, seed)), 0);
            parentCid = kind.child ? base.cid() : parentCid;
        }
        String text = "# Disk DescriptorFile\nversion=1\nCID=0badcafe\nparentCID=" + Long.toHexString(parentCid)
                + "\ncreateType=\"custom\"\n" + (kind.child ? "parentFileNameHint=\"base.vmdk\"\n" : "") + kind.extents;
        folder.file("disk.vmdk").write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)), 0);
        for (ReorderingStorage file : files.values()) {
            file.flush();
        }
        return folder;
    }

    /** What the guest's bytes may be: those at the last flush, and those after each change since. */
    private static final class Expected {
        final byte[] atOpening;
        final List<byte[]> versions = new ArrayList<>();

        Expected(byte[] atOpening) {
            this.atOpening = atOpening;
            versions.add(atOpening);
        }

        void change(int offset, byte[] bytes) {
            byte[] next = versions.get(versions.size() - 1).clone();
            System.arraycopy(bytes, 0, next, offset, bytes.length);
            versions.add(next);
        }

        void flushed() {
            versions.subList(0, versions.size() - 1).clear();
        }

        void demand(byte[] left) {
            for (int i = 0; i < left.length; i++) {
                boolean known = false;
                for (int version = versions.size() - 1; version >= 0 && !known; version--) {
                    known = versions.get(version)[i] == left[i];
                }
                if (!known) {
                    throw new AssertionError("byte " + i + " is neither what was flushed nor written since");
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void keepsWhatWasFlushed(Kind kind, TestReporter reporter) throws IOException {
        int[] crashes = {0};
        for (long seed = 1; seed <= SEEDS; seed++) {
            Random random = new Random(seed);
            Folder folder = folder(kind, seed, false);
            for (int session = 0; session < 2; session++) {
                work(folder, random, crashes);
            }
        }
        reporter.publishEntry("crash points", Integer.toString(crashes[0]));
        assertThat(crashes[0]).isGreaterThan(SEEDS * 4);
    }

    /** Opens a disk, writes to it, loses power now and then, closes it. */
    private static void work(Folder folder, Random random, int[] crashes) throws IOException {
        long cid;
        Expected expected;
        try (VmdkImage image = folder.open("disk.vmdk")) {
            cid = image.cid();
            expected = new Expected(Disks.read(image));
            for (ReorderingStorage file : folder.files().values()) {
                file.observe(number -> {
                    if (random.nextDouble() < CHANCE) {
                        judge(folder, random.nextLong(), cid, expected);
                        crashes[0]++;
                    }
                });
            }
            for (int step = 0; step < STEPS; step++) {
                step(image, random, expected);
            }
        } finally {
            folder.files().values().forEach(file -> file.observe(null));
        }
        expected.flushed();
        judge(folder, random.nextLong(), cid, expected);
    }

    private static void step(VmdkImage image, Random random, Expected expected) throws IOException {
        int offset = random.nextInt((int) image.size() / 512) * 512;
        byte[] bytes = new byte[(int) Math.min(image.size() - offset, 1 + random.nextInt(80_000))];
        switch (random.nextInt(5)) {
            case 0 -> {
                image.flush();
                expected.flushed();
            }
            case 1 -> {
                expected.change(offset, bytes);
                image.writeZeroes(offset, bytes.length, ZeroMode.MAY_UNMAP);
            }
            default -> {
                random.nextBytes(bytes);
                expected.change(offset, bytes);
                image.write(ByteBuffer.wrap(bytes), offset);
            }
        }
    }

    private static void judge(Folder folder, long seed, long cid, Expected expected) throws IOException {
        Folder left = folder.crash(seed);
        byte[] content;
        try (VmdkImage image = left.open("disk.vmdk")) {
            content = Disks.read(image);
            expected.demand(content);
            if (!Arrays.equals(content, expected.atOpening)) {
                assertThat(image.cid()).as("the CID of a changed disk").isNotEqualTo(cid);
            }
            image.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 5);
        }
        System.arraycopy(new byte[] {1, 2, 3}, 0, content, 5, 3);
        try (VmdkImage image = new Folder(left.files(), false, false).open("disk.vmdk")) {
            assertThat(image.dirty()).as("marked after it was closed").isFalse();
            assertThat(image.capability(Checkable.class)
                            .orElseThrow()
                            .check()
                            .run()
                            .findings())
                    .isEmpty();
            Disks.same(Disks.read(image), content);
        }
    }

    /**
     * A commit gives the parent another CID and has the child note it. Between the two the child does not take its
     * parent for what it was made of; then nothing was committed yet, and the same parent put beneath it again shows
     * all.
     */
    @Test
    void aCommitThatIsInterruptedLosesNothing(TestReporter reporter) throws IOException {
        int[] states = {0, 0};
        for (long seed = 1; seed <= SEEDS; seed++) {
            Folder folder = folder(Kind.CHILD, seed, true);
            byte[] written = Disks.content(70_000, seed + 1);
            byte[] content;
            try (VmdkImage image = folder.open("disk.vmdk")) {
                image.write(ByteBuffer.wrap(written), 40_000);
                image.flush();
                content = Disks.read(image);
                for (ReorderingStorage file : folder.files().values()) {
                    file.observe(number -> {
                        judgeCommit(folder.crash(number), content, states);
                        judgeCommit(folder.crash(number + 1000), content, states);
                    });
                }
                DiskImage base = Objects.requireNonNull(image.backing());
                base.write(ByteBuffer.wrap(written), 40_000);
                base.flush();
            } finally {
                folder.files().values().forEach(file -> file.observe(null));
            }
        }
        reporter.publishEntry("states", states[0] + ", between the two CIDs " + states[1]);
        assertThat(states[0]).isGreaterThan(SEEDS * 4);
        assertThat(states[1]).isLessThan(states[0] / 2);
    }

    /** A split disk that grows over the end of its last extent has its old size or the new one, and what it held. */
    @ParameterizedTest
    @ValueSource(strings = {"SPARSE", "FLAT"})
    void aSplitDiskThatGrowsIsTheOldOneOrTheNewOne(String type, TestReporter reporter) throws IOException {
        int[] states = {0, 0};
        for (long seed = 1; seed <= SEEDS; seed++) {
            Folder folder = split(type, seed % 2 == 0 ? "zeroed_grain=on" : "");
            byte[] before;
            try (VmdkImage image = folder.open("disk.vmdk")) {
                image.write(ByteBuffer.wrap(Disks.content((int) image.size(), seed)), 0);
                image.flush();
                before = Disks.read(image);
                byte[] after = Arrays.copyOf(before, 4 * PART - 512);
                folder.observe(number -> {
                    judgeGrowth(folder.crash(number), before, after, states);
                    judgeGrowth(folder.crash(number + 1000), before, after, states);
                });
                image.capability(Resizable.class)
                        .orElseThrow()
                        .resize(after.length, Resizable.Preallocation.OFF, false)
                        .run();
                judgeGrowth(folder.crash(seed), after, after, states);
            }
        }
        reporter.publishEntry("states", states[0] + ", grown " + states[1]);
        assertThat(states[0]).isGreaterThan(SEEDS * 4);
        assertThat(states[1]).isGreaterThanOrEqualTo(SEEDS);
    }

    /** One whole extent, and one that ends inside a grain. */
    private static Folder split(String type, String options) throws IOException {
        Folder folder = new Folder(new ConcurrentHashMap<>(), true, false);
        StringBuilder extents = new StringBuilder();
        for (int number = 1; number <= 2; number++) {
            int size = number == 1 ? PART : PART - 50 * 512;
            String name = "disk-s00" + number + ".vmdk";
            Storage file = folder.createStorage(OpenGate.Role.EXTENT, name).storage();
            if (type.equals("SPARSE")) {
                InMemory.format().create(file, new InMemory(true, null).request(size, options));
            } else {
                file.truncate(size);
            }
            file.flush();
            extents.append(
                    "RW " + size / 512 + " " + type + " \"" + name + "\"" + (type.equals("FLAT") ? " 0\n" : "\n"));
        }
        Storage file = folder.createStorage(OpenGate.Role.EXTENT, "disk.vmdk").storage();
        String text = "# Disk DescriptorFile\nversion=1\nCID=0badcafe\nparentCID=ffffffff\ncreateType=\"twoGbMaxExtent"
                + (type.equals("FLAT") ? "Flat" : "Sparse") + "\"\n" + extents;
        file.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)), 0);
        file.flush();
        return folder;
    }

    private static void judgeGrowth(Folder left, byte[] before, byte[] after, int[] states) throws IOException {
        states[0]++;
        try (VmdkImage image = left.open("disk.vmdk")) {
            boolean grown = image.size() == after.length;
            states[1] += grown ? 1 : 0;
            Disks.same(Disks.read(image), grown ? after : before);
            assertThat(image.capability(Checkable.class)
                            .orElseThrow()
                            .check()
                            .run()
                            .findings())
                    .isEmpty();
            image.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), image.size() - 3);
        }
    }

    private static long parentCid(Folder folder) throws IOException {
        Storage file = folder.file("disk.vmdk");
        ByteBuffer text = ByteBuffer.allocate((int) file.size());
        file.read(text, 0);
        String descriptor = new String(text.array(), StandardCharsets.US_ASCII);
        String key = "parentCID=";
        int start = descriptor.indexOf(key) + key.length();
        return Long.parseLong(descriptor.substring(start, descriptor.indexOf('\n', start)), 16);
    }

    private static void judgeCommit(Folder left, byte[] content, int[] states) throws IOException {
        states[0]++;
        boolean between;
        try (VmdkImage image = left.open("disk.vmdk")) {
            between = ((VmdkImage) Objects.requireNonNull(image.backing())).cid() != parentCid(left);
            if (between) {
                states[1]++;
                image.capability(Rebasable.class).orElseThrow().changeBacking("base.vmdk", "vmdk");
            }
        }
        try (VmdkImage image = left.open("disk.vmdk")) {
            Disks.same(Disks.read(image), content);
        }
    }
}
