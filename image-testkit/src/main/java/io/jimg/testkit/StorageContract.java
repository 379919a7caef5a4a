package io.jimg.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.storage.HostExtent;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What every {@link Storage} that can grow keeps: a storage's test inherits this and says how one is made. */
public abstract class StorageContract {
    private Storage storage;
    private final List<Storage> others = new ArrayList<>();

    /** For the tests of a storage. */
    protected StorageContract() {}

    /** Makes an empty storage and opens it for writing. */
    protected abstract Storage create() throws IOException;

    /**
     * Opens again what {@link #create} made.
     *
     * @param closed the storage of before, closed
     * @param readOnly whether it is to refuse writes; true only where {@link #canBeReadOnly()}
     */
    protected abstract Storage reopen(Storage closed, boolean readOnly) throws IOException;

    /** Whether it can be opened for reading only. */
    protected boolean canBeReadOnly() {
        return true;
    }

    @BeforeEach
    void createStorage() throws IOException {
        storage = create();
    }

    @AfterEach
    protected final void closeStorages() throws IOException {
        storage.close();
        for (Storage other : others) {
            other.close();
        }
    }

    private Storage again(boolean readOnly) throws IOException {
        storage.close();
        Storage other = reopen(storage, readOnly);
        others.add(other);
        return other;
    }

    // ---- reading and writing ---------------------------------------------------------------------------------------

    @Test
    void beginsEmpty() throws IOException {
        assertThat(storage.size()).isZero();
        assertThat(storage.readOnly()).isFalse();
        expect(storage, 0, 10, 0);
        assertThat(storage.name()).isNotBlank();
        assertThat(storage.protocol()).isNotBlank();
    }

    @Test
    @Tag("quick")
    void readsBackWhatWasWrittenAnywhere() throws IOException {
        byte[] expected = new byte[400_000];
        Random random = new Random(1);
        for (int i = 0; i < 60; i++) {
            int length = 1 + random.nextInt(i % 2 == 0 ? 100 : 40_000);
            int offset = random.nextInt(expected.length - length);
            byte[] written = Step.bytes(i + 1, length);
            storage.write(
                    i % 3 == 0 ? direct(written) : ByteBuffer.wrap(written).asReadOnlyBuffer(), offset);
            System.arraycopy(written, 0, expected, offset, length);
        }
        storage.truncate(expected.length);
        Contents.assertEqual("read", read(storage, 0, expected.length), expected);
        Storage later = again(false);
        assertThat(later.size()).isEqualTo(expected.length);
        Contents.assertEqual("read later", read(later, 0, expected.length), expected);
        ByteBuffer slice = ByteBuffer.allocateDirect(5000).position(17).limit(4017);
        later.read(slice, 1234);
        assertThat(slice.position()).isEqualTo(4017);
        byte[] part = new byte[4000];
        slice.get(17, part);
        Contents.assertEqual("read", part, Arrays.copyOfRange(expected, 1234, 5234));
    }

    @Test
    void growsByWritingPastTheEndWithZeroesBetween() throws IOException {
        write(100, 1, 10);
        assertThat(storage.size()).isEqualTo(110);
        write(1_000_000, 2, 10);
        assertThat(storage.size()).isEqualTo(1_000_010);
        expect(storage, 0, 100, 0, 10, 1, 1_000_000 - 110, 0, 10, 2);
        storage.write(ByteBuffer.allocate(0), 5_000_000);
        assertThat(storage.size()).as("nothing written, nothing grown").isEqualTo(1_000_010);
    }

    @Test
    @Tag("quick")
    void readsAndWritesSeveralBuffersInTurn() throws IOException {
        ByteBuffer none = ByteBuffer.allocateDirect(0);
        storage.write(
                new ByteBuffer[] {direct(Step.bytes(1, 700)).asReadOnlyBuffer(), none, direct(Step.bytes(2, 5000))},
                100);
        storage.write(new ByteBuffer[] {ByteBuffer.wrap(Step.bytes(3, 10)), direct(Step.bytes(4, 10))}, 200);
        assertThat(storage.size()).isEqualTo(5800);
        ByteBuffer[] read = {ByteBuffer.allocateDirect(150), ByteBuffer.allocateDirect(5), direct(Step.bytes(9, 6000))};
        storage.read(read, 50);
        ByteBuffer whole = ByteBuffer.allocate(6155);
        for (ByteBuffer each : read) {
            assertThat(each.hasRemaining()).isFalse();
            whole.put(each.flip());
        }
        byte[] expected = new byte[6205];
        System.arraycopy(Step.bytes(1, 700), 0, expected, 100, 700);
        System.arraycopy(Step.bytes(2, 5000), 0, expected, 800, 5000);
        System.arraycopy(Step.bytes(3, 10), 0, expected, 200, 10);
        System.arraycopy(Step.bytes(4, 10), 0, expected, 210, 10);
        assertThat(whole.array()).isEqualTo(Arrays.copyOfRange(expected, 50, 6205));
    }

    @Test
    void readsZeroesPastTheEnd() throws IOException {
        write(0, 1, 1000);
        assertThat(read(storage, 990, 20))
                .startsWith(1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
                .endsWith(new byte[10]);
        ByteBuffer dirty = ByteBuffer.allocateDirect(5000);
        while (dirty.hasRemaining()) {
            dirty.put((byte) 9);
        }
        storage.read(dirty.clear(), 1_000_000_000_000L);
        byte[] read = new byte[5000];
        dirty.get(0, read);
        Contents.assertEqual("read", read, new byte[5000]);
        assertThat(storage.size()).isEqualTo(1000);
    }

    @Test
    void writesInParallelAllSurviveAndGrowIt() throws Exception {
        byte[] expected = Step.bytes(3, 300_000);
        int grain = 700;
        inParallel(4, thread -> {
            for (int at = thread * grain; at < expected.length; at += 4 * grain) {
                int length = Math.min(grain, expected.length - at);
                storage.write(ByteBuffer.wrap(expected, at, length), at);
            }
        });
        assertThat(storage.size()).isEqualTo(expected.length);
        Contents.assertEqual("read", read(storage, 0, expected.length), expected);
    }

    @Test
    void settingTheLengthLosesNoWriteThatEndedBefore() throws Exception {
        // Writers grow it past what the others set; none of their bytes may be cut off.
        inParallel(2, thread -> {
            for (int i = 0; i < 200; i++) {
                if (thread == 0) {
                    write(i * 1000L, 5, 1000);
                    expect(storage, i * 1000L, 1000, 5);
                } else {
                    storage.zero(1_000_000 + i, 1, false);
                }
            }
        });
        expect(storage, 0, 200_000, 5);
    }

    // ---- length and holes ------------------------------------------------------------------------------------------

    @Test
    void setsItsLength() throws IOException {
        write(0, 1, 10_000);
        storage.truncate(5_000);
        assertThat(storage.size()).isEqualTo(5_000);
        storage.truncate(20_000);
        assertThat(storage.size()).isEqualTo(20_000);
        expect(storage, 0, 5_000, 1, 15_000, 0);
        storage.truncate(0);
        assertThat(storage.size()).isZero();
        assertThat(storage.growsWithZeroes()).isTrue();
    }

    @Test
    void zeroesWithoutWritingOrSaysThatItCannot() throws IOException {
        for (boolean keep : new boolean[] {false, true}) {
            write(0, 1, 100_000);
            storage.truncate(100_000);
            if (storage.zero(5_000, 50_001, keep) == Outcome.DONE) {
                expect(storage, 0, 5_000, 1, 50_001, 0, 44_999, 1);
                assertThat(storage.size()).isEqualTo(100_000);
            } else {
                expect(storage, 0, 100_000, 1);
            }
            if (storage.zero(99_000, 10_000, keep) == Outcome.DONE) {
                assertThat(storage.size()).as("zeroing past the end grows it").isEqualTo(109_000);
                expect(storage, 99_000, 10_000, 0);
                expect(storage, 98_000, 1_000, 1);
            } else {
                assertThat(storage.size()).isEqualTo(100_000);
            }
        }
    }

    @Test
    void punchesWithoutChangingItsLength() throws IOException {
        write(0, 1, 300_000);
        if (storage.punch(10_000, 200_000) == Outcome.DONE) {
            expect(storage, 0, 10_000, 1, 200_000, 0, 90_000, 1);
            storage.punch(290_000, 50_000);
            expect(storage, 290_000, 10_000, 0);
        } else {
            expect(storage, 0, 300_000, 1);
        }
        assertThat(storage.size()).isEqualTo(300_000);
    }

    @Test
    void reservingSpaceChangesNoByte() throws IOException {
        write(0, 1, 10_000);
        Outcome outcome = storage.allocate(5_000, 100_000);
        assertThat(storage.size()).isEqualTo(outcome == Outcome.DONE ? 105_000 : 10_000);
        expect(storage, 0, 10_000, 1);
        expect(storage, 10_000, 95_000, 0);
    }

    @Test
    void extentsAddUpAndHolesReadAsZero() throws IOException {
        write(200_000, 1, 5_000);
        write(1_000_000, 2, 70_000);
        storage.punch(1_010_000, 30_000);
        storage.truncate(3_000_000);
        byte[] all = read(storage, 0, 3_000_000);
        long at = 0;
        while (at < all.length) {
            HostExtent extent = storage.extentAt(at, all.length - at);
            assertThat(extent.hostOffset()).isEqualTo(at);
            assertThat(extent.length()).isBetween(1L, all.length - at);
            if (extent.hole()) {
                Contents.assertEqual(
                        extent, Arrays.copyOfRange(all, (int) at, (int) extent.end()), new byte[(int) extent.length()]);
            }
            at = extent.end();
        }
        HostExtent bounded = storage.extentAt(200_001, 17);
        assertThat(bounded.hole()).isFalse();
        assertThat(bounded.length()).isBetween(1L, 17L);
        assertThat(storage.allocatedSize()).isNotNegative();
    }

    @Test
    void copiesInsideTheHostOrSaysThatItCannot() throws IOException {
        write(0, 1, 50_000);
        Storage target = create();
        others.add(target);
        target.write(ByteBuffer.wrap(new byte[] {9, 9, 9}), 0);
        if (target.copyFrom(storage, 1_000, 2_000, 30_000) == Outcome.DONE) {
            assertThat(target.size()).isEqualTo(32_000);
            expect(target, 2_000, 30_000, 1);
            expect(target, 3, 1_997, 0);
        }
        expect(target, 0, 3, 9);
        expect(storage, 0, 50_000, 1);
    }

    // ---- opening and closing ---------------------------------------------------------------------------------------

    @Test
    void refusesToChangeWhatIsReadOnly() throws IOException {
        assumeTrue(canBeReadOnly(), "only storages that can be read-only");
        write(0, 1, 1000);
        Storage reader = again(true);
        assertThat(reader.readOnly()).isTrue();
        refused(ErrorKind.READ_ONLY, () -> reader.write(ByteBuffer.allocate(1), 0));
        refused(ErrorKind.READ_ONLY, () -> reader.zero(0, 1, false));
        refused(ErrorKind.READ_ONLY, () -> reader.punch(0, 1));
        refused(ErrorKind.READ_ONLY, () -> reader.allocate(0, 1));
        refused(ErrorKind.READ_ONLY, () -> reader.truncate(0));
        reader.flush();
        assertThat(reader.size()).isEqualTo(1000);
        expect(reader, 0, 1000, 1);
    }

    @Test
    void isTheSameWhenItIsOpenedAgainAndOtherThanAnother() throws IOException {
        Object identity = storage.identity();
        Storage other = create();
        others.add(other);
        assertThat(other.identity()).isNotEqualTo(identity);
        Storage later = again(false);
        assertThat(later.identity()).isEqualTo(identity).hasSameHashCodeAs(identity);
    }

    @Test
    void isClosedForGood() throws IOException {
        storage.flush();
        storage.close();
        storage.close();
        refused(ErrorKind.CLOSED, () -> storage.read(ByteBuffer.allocate(1), 0));
        refused(ErrorKind.CLOSED, () -> storage.write(ByteBuffer.allocate(1), 0));
        refused(ErrorKind.CLOSED, () -> storage.truncate(5));
        refused(ErrorKind.CLOSED, storage::size);
        refused(ErrorKind.CLOSED, storage::flush);
    }

    @Test
    void anInterruptEndsNothing() throws IOException {
        Thread.currentThread().interrupt();
        try {
            write(0, 1, 100_000);
            expect(storage, 0, 100_000, 1);
            storage.truncate(200_000);
            storage.flush();
            assertThat(storage.size()).isEqualTo(200_000);
            assertThat(Thread.currentThread().isInterrupted())
                    .as("the flag stays as it was")
                    .isTrue();
        } finally {
            Thread.interrupted();
        }
        write(100_000, 2, 10);
        expect(storage, 100_000, 10, 2);
    }

    @Test
    void interruptsOfSomeThreadsDisturbNoOther() throws Exception {
        write(0, 1, 100_000);
        inParallel(4, thread -> {
            for (int i = 0; i < 300; i++) {
                if (thread % 2 == 0) {
                    Thread.currentThread().interrupt();
                }
                expect(storage, i, 1000, 1);
                storage.write(ByteBuffer.wrap(new byte[] {1}), i * 10L);
            }
        });
    }

    // ---- behind it -------------------------------------------------------------------------------------------------

    private void write(long offset, int value, int length) throws IOException {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        storage.write(ByteBuffer.wrap(bytes), offset);
    }

    /** Compares what lies at an offset with runs of equal bytes. */
    private static void expect(Storage from, long offset, int... lengthsAndValues) throws IOException {
        byte[] expected = Contents.runs(lengthsAndValues);
        Contents.assertEqual(expected.length + " bytes at " + offset, read(from, offset, expected.length), expected);
    }

    private static byte[] read(Storage from, long offset, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        from.read(buffer, offset);
        assertThat(buffer.hasRemaining()).isFalse();
        return buffer.array();
    }

    private static ByteBuffer direct(byte[] content) {
        return ByteBuffer.allocateDirect(content.length).put(content).flip();
    }

    /** What a thread does. */
    private interface Work {
        void run(int thread) throws IOException;
    }

    private static void inParallel(int threads, Work work) throws InterruptedException {
        List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
        List<Thread> running = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            int thread = t;
            running.add(new Thread(() -> {
                try {
                    work.run(thread);
                } catch (Throwable failure) {
                    failures.add(failure);
                }
            }));
        }
        running.forEach(Thread::start);
        for (Thread thread : running) {
            thread.join();
        }
        assertThat(failures).isEmpty();
    }

    private static void refused(ErrorKind kind, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        ImageException.class,
                        refusal -> assertThat(refusal.kind()).isEqualTo(kind));
    }
}
