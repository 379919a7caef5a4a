package io.jimg.vmdk.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.Extent;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Checkable;
import io.jimg.capability.Rebasable;
import io.jimg.capability.Resizable;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.ImageWriter;
import io.jimg.storage.MemoryStorage;
import io.jimg.testkit.KeptStorage;
import io.jimg.testkit.ReorderingStorage;
import io.jimg.vmdk.sparse.SparseCheck;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Power is lost before every change of the file that a writer, a resize, another parent or a repair makes. The system
 * property {@code jimg.powerloss.states} sets how many of the states are tried that each loss may leave.
 */
class ChangesPowerLossTest {
    private static final int STATES = Integer.getInteger("jimg.powerloss.states", 4);
    private static final int SIZE = 400_000 / 512 * 512;

    /** What is done when power is lost. */
    private interface Action {
        void on(ReorderingStorage storage) throws IOException;
    }

    /** Demands that what is left is sound. */
    private interface Judge {
        void check(ReorderingStorage left) throws IOException;
    }

    /** Loses power before every change; gives how many states were judged. */
    private static int losePower(ReorderingStorage storage, Action action, Judge judge) throws IOException {
        int[] states = {0};
        storage.observe(number -> {
            for (int i = 0; i < STATES; i++) {
                long seed = number * 1_000_003 + i;
                try {
                    judge.check(storage.crash(seed));
                } catch (AssertionError | IOException failure) {
                    throw new AssertionError("before change " + number + ", seed " + seed, failure);
                }
                states[0]++;
            }
        });
        action.on(storage);
        storage.observe(null);
        judge.check(storage.crash(1));
        return states[0];
    }

    private static InMemory alone() {
        return new InMemory(true, null);
    }

    private static ReorderingStorage durable(byte[] bytes) throws IOException {
        ReorderingStorage storage = new ReorderingStorage("disk.vmdk");
        storage.write(ByteBuffer.wrap(bytes), 0);
        storage.flush();
        return storage;
    }

    /** A disk with content, as bytes of its file. */
    private static byte[] disk(byte[] content, String options) throws IOException {
        MemoryStorage file = new MemoryStorage("disk.vmdk");
        write(new KeptStorage(file), content, options);
        ByteBuffer all = ByteBuffer.allocate((int) file.size());
        file.read(all, 0);
        return all.array();
    }

    private static void write(io.jimg.storage.Storage file, byte[] content, String options) throws IOException {
        CreateRequest request = alone().request(content.length, options);
        try (ImageWriter writer = InMemory.format().createWriter(file, request).orElseThrow()) {
            int run = writer.alignment();
            ByteBuffer room = ByteBuffer.allocateDirect(run);
            for (int at = 0; at < content.length; at += run) {
                ByteBuffer piece = ByteBuffer.wrap(content, at, Math.min(run, content.length - at));
                if (writer.compressesAlways() && writer.compress(piece.duplicate(), room.clear())) {
                    writer.compressed(at, room.flip()).write();
                } else {
                    writer.data(at, piece).write();
                }
            }
            writer.finish();
        }
    }

    private static byte[] start(DiskImage image) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(SIZE);
        image.read(bytes, 0);
        return bytes.array();
    }

    /** What was not finished is no disk; what looks like one has all its content. */
    @ParameterizedTest
    @ValueSource(strings = {"subformat=monolithicSparse", "zeroed_grain=on", "subformat=streamOptimized"})
    void writersLeaveAWholeDiskOrNone(String options, TestReporter reporter) throws IOException {
        byte[] content = Disks.content(SIZE, 1);
        boolean[] finished = {false};
        int[] whole = {0};
        ReorderingStorage storage = new ReorderingStorage("disk.vmdk");
        int states = losePower(
                storage,
                file -> {
                    write(new KeptStorage(file), content, options);
                    finished[0] = true;
                },
                left -> {
                    DiskImage image;
                    try {
                        image = alone().open(left);
                    } catch (IOException noDisk) {
                        assertThat(finished[0]).as("after the end: %s", noDisk).isFalse();
                        return;
                    }
                    try (image) {
                        Disks.same(Disks.read(image), content);
                        whole[0]++;
                    }
                });
        reporter.publishEntry("states", states + ", whole " + whole[0]);
        assertThat(whole[0]).isBetween(1, states / 2);
    }

    @ParameterizedTest
    @CsvSource({
        "subformat=monolithicSparse, 1000000",
        "subformat=monolithicSparse, 40000000",
        "zeroed_grain=on, 80000000",
        "zeroed_grain=on, 5000000000"
    })
    void aDiskThatGrowsKeepsItsContent(String options, long wanted, TestReporter reporter) throws IOException {
        long newSize = wanted / 512 * 512;
        byte[] content = Disks.content(SIZE, 2);
        ReorderingStorage storage = durable(disk(content, options));
        int[] grown = {0};
        int states = losePower(
                storage,
                file -> {
                    try (DiskImage image = alone().open(new KeptStorage(file))) {
                        image.capability(Resizable.class)
                                .orElseThrow()
                                .resize(newSize, Resizable.Preallocation.OFF, false)
                                .run();
                    }
                },
                left -> {
                    KeptStorage kept = new KeptStorage(left);
                    try (DiskImage image = alone().open(kept)) {
                        assertThat(image.size()).isIn((long) SIZE, newSize);
                        Disks.same(start(image), content);
                        if (image.size() > SIZE) {
                            grown[0]++;
                            for (long at = SIZE; at < newSize; ) {
                                Extent extent = image.extentAt(at, newSize - at);
                                assertThat(zero(image, extent)).as("%s", extent).isTrue();
                                at += extent.length();
                            }
                        }
                        assertThat(check(image).corruptions()).isZero();
                        image.write(ByteBuffer.wrap(new byte[] {7}), image.size() - 1);
                    }
                    try (DiskImage image = alone().open(kept)) {
                        Disks.same(Arrays.copyOf(start(image), SIZE - 1), Arrays.copyOf(content, SIZE - 1));
                    }
                });
        reporter.publishEntry("states", states + ", grown " + grown[0]);
        assertThat(grown[0]).isPositive();
    }

    /** Whether an extent reads as zero; what is stored of it is the rest of one grain. */
    private static boolean zero(DiskImage image, Extent extent) throws IOException {
        if (extent.zero()) {
            return true;
        }
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(extent.length()));
        image.read(bytes, extent.guestOffset());
        return Arrays.equals(bytes.array(), new byte[bytes.capacity()]);
    }

    private static CheckReport check(DiskImage image) throws IOException {
        return image.capability(Checkable.class).orElseThrow().check().run();
    }

    @Test
    void anotherParentLeavesOneOfTheTwo(TestReporter reporter) throws IOException {
        byte[] content = Disks.content(SIZE, 3);
        ReorderingStorage storage = durable(disk(content, "zeroed_grain=on"));
        int states = losePower(
                storage,
                file -> {
                    try (DiskImage image = alone().open(new KeptStorage(file))) {
                        image.capability(Rebasable.class).orElseThrow().changeBacking("base.vmdk", "vmdk");
                        image.capability(Rebasable.class).orElseThrow().changeBacking(null, null);
                    }
                },
                left -> {
                    try (DiskImage image = alone().open(left)) {
                        Disks.same(start(image), content);
                    }
                });
        reporter.publishEntry("states", Integer.toString(states));
        assertThat(states).isPositive();
    }

    /** A repair that was interrupted is done again, and then all is there. */
    @ParameterizedTest
    @ValueSource(strings = {"entry", "entry away", "table", "copy", "place", "footer", "half"})
    void aRepairCanBeDoneAgain(String lost, TestReporter reporter) throws IOException {
        boolean stream = lost.equals("footer") || lost.equals("half");
        byte[] content = Disks.content(SIZE, 4);
        byte[] sound = disk(content, stream ? "subformat=streamOptimized" : "");
        byte[] damaged = damage(sound, lost);
        byte[] expected = lost.equals("half") ? repaired(damaged) : content;
        assertThat(Arrays.mismatch(expected, content) >= 0)
                .as("something is lost")
                .isEqualTo(lost.equals("half"));
        int states = losePower(durable(damaged), file -> repair(file), left -> {
            repair(left);
            try (DiskImage image = new InMemory(false, null).open(left)) {
                Disks.same(Disks.read(image), expected);
                assertThat(check(image).clean()).isTrue();
            }
        });
        reporter.publishEntry("states", Integer.toString(states));
        assertThat(states).isPositive();
    }

    private static byte[] damage(byte[] sound, String lost) {
        byte[] bytes = sound.clone();
        ByteBuffer view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int directory = (int) view.getLong(56) * 512;
        switch (lost) {
            case "entry" -> view.putInt(directory, 0);
            case "entry away" -> view.putInt(directory, -1);
            case "table" -> {
                int table = view.getInt(directory) * 512;
                Arrays.fill(bytes, table, table + 16, (byte) 0x7F);
            }
            case "copy" -> view.putInt((int) view.getLong(48) * 512, -5);
            case "place" -> view.putLong(56, 1L << 40);
            case "footer" -> {
                return Arrays.copyOf(bytes, bytes.length - 1024);
            }
            default -> {
                return Arrays.copyOf(bytes, bytes.length / 2);
            }
        }
        return bytes;
    }

    private static byte[] repaired(byte[] damaged) throws IOException {
        ReorderingStorage storage = durable(damaged);
        repair(storage);
        try (DiskImage image = new InMemory(false, null).open(storage)) {
            return Disks.read(image);
        }
    }

    private static void repair(io.jimg.storage.Storage file) throws IOException {
        SparseCheck.run(file, true, new SparseCheck.Observer() {
            @Override
            public void found(String sentence, long hostOffset, boolean repaired) {
                assertThat(repaired).as(sentence).isTrue();
            }

            @Override
            public void leftOut(String sentence) {
                throw new AssertionError(sentence);
            }

            @Override
            public void pause() {}
        });
    }
}
