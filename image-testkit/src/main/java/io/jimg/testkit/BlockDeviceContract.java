package io.jimg.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jimg.BlockDevice;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.WriteFlag;
import io.jimg.ZeroMode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every {@link BlockDevice} keeps: a device's test inherits this and says how one is made. */
public abstract class BlockDeviceContract {
    private static final int[][] RANGES = {
        {0, 1},
        {0, 512},
        {1, 511},
        {511, 2},
        {512, 512},
        {513, 4096},
        {4095, 2},
        {4096, 65536},
        {65535, 2},
        {65536, 1},
        {65537, 131072},
        {100, 262144}
    };

    private final List<BlockDevice> opened = new ArrayList<>();

    /** For the tests of a device. */
    protected BlockDeviceContract() {}

    /**
     * Makes a device and opens it.
     *
     * @param content what it reads as; its length is the device's size
     * @param readOnly whether it is to refuse writes; true only where {@link #canBeReadOnly()}
     */
    protected abstract BlockDevice make(byte[] content, boolean readOnly) throws IOException;

    /** Whether such a device can be written. */
    protected boolean canBeWritten() {
        return true;
    }

    /** Whether such a device can be opened for reading only. */
    protected boolean canBeReadOnly() {
        return true;
    }

    /** The size that devices are made with: at least 512 KiB, and of whole sectors. */
    protected int size() {
        return (1 << 20) + 1536;
    }

    @AfterEach
    protected final void closeDevices() throws IOException {
        for (BlockDevice device : opened) {
            device.close();
        }
    }

    private byte[] content() {
        byte[] content = Step.bytes(42, size());
        Arrays.fill(content, 128 << 10, 256 << 10, (byte) 0);
        return content;
    }

    private BlockDevice open(byte[] content, boolean readOnly) throws IOException {
        BlockDevice device = make(content, readOnly);
        opened.add(device);
        return device;
    }

    private BlockDevice open(byte[] content) throws IOException {
        return open(content, !canBeWritten());
    }

    private BlockDevice writable(byte[] content) throws IOException {
        assumeTrue(canBeWritten(), "only devices that can be written");
        return open(content, false);
    }

    // ---- reading ---------------------------------------------------------------------------------------------------

    @Test
    @Tag("quick")
    void readsAnyRange() throws IOException {
        byte[] content = content();
        BlockDevice device = open(content);
        assertThat(device.size()).isEqualTo(content.length);
        for (int[] range : RANGES) {
            Contents.assertEqual(
                    range[1] + " bytes at " + range[0],
                    ExpectedContent.read(device, range[0], range[1]),
                    Arrays.copyOfRange(content, range[0], range[0] + range[1]));
            int end = content.length - range[0];
            Contents.assertEqual(
                    range[1] + " bytes that end at " + end,
                    ExpectedContent.read(device, end - range[1], range[1]),
                    Arrays.copyOfRange(content, end - range[1], end));
        }
        Contents.assertEqual("the device", ExpectedContent.read(device, 0, content.length), content);
    }

    /** Buffers of all kinds. */
    enum Kind {
        HEAP,
        DIRECT,
        SLICE,
        DIRECT_SLICE,
        WITH_ARRAY_OFFSET;

        /** A buffer of {@code length} bytes between position and limit. */
        ByteBuffer make(int length) {
            return switch (this) {
                case HEAP -> ByteBuffer.allocate(length);
                case DIRECT -> ByteBuffer.allocateDirect(length);
                case SLICE -> ByteBuffer.allocate(length + 20).position(7).limit(7 + length);
                case DIRECT_SLICE ->
                    ByteBuffer.allocateDirect(length + 20).position(9).limit(9 + length);
                case WITH_ARRAY_OFFSET -> ByteBuffer.allocate(length + 20).slice(5, length);
            };
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void readsIntoEveryKindOfBuffer(Kind kind) throws IOException {
        byte[] content = content();
        BlockDevice device = open(content);
        for (int[] range : RANGES) {
            ByteBuffer buffer = kind.make(range[1]);
            int position = buffer.position();
            int limit = buffer.limit();
            device.read(buffer, range[0]);
            assertThat(buffer.position()).isEqualTo(limit);
            assertThat(buffer.limit()).isEqualTo(limit);
            byte[] read = new byte[range[1]];
            buffer.get(position, read);
            Contents.assertEqual("read", read, Arrays.copyOfRange(content, range[0], range[0] + range[1]));
            buffer.clear();
            for (int i = 0; i < buffer.capacity(); i++) {
                if (i < position || i >= limit) {
                    assertThat(buffer.get(i))
                            .as("a byte outside the buffer's range")
                            .isZero();
                }
            }
        }
    }

    @Test
    void readsAndWritesSeveralBuffersInARow() throws IOException {
        byte[] content = content();
        ByteBuffer[] buffers = {
            ByteBuffer.allocate(100),
            ByteBuffer.allocate(0),
            ByteBuffer.allocateDirect(4096),
            ByteBuffer.allocate(9).position(9),
            ByteBuffer.allocate(70000)
        };
        BlockDevice device = open(content);
        device.read(buffers, 1000);
        Contents.assertEqual("read", together(buffers), Arrays.copyOfRange(content, 1000, 1000 + 74196));
        device.read(new ByteBuffer[0], 1000);
        assumeTrue(canBeWritten(), "only devices that can be written");
        device.write(buffers, 300_001);
        System.arraycopy(content, 1000, content, 300_001, 74196);
        Contents.assertEqual("the device", ExpectedContent.read(device, 0, content.length), content);
    }

    /** Flips buffers that were filled, and gives their bytes. */
    private static byte[] together(ByteBuffer[] buffers) {
        ByteBuffer all = ByteBuffer.allocate(74196);
        for (ByteBuffer buffer : buffers) {
            assertThat(buffer.hasRemaining()).isFalse();
            if (buffer.capacity() != 9) {
                all.put(buffer.flip());
                buffer.rewind();
            }
        }
        return all.array();
    }

    // ---- ranges ----------------------------------------------------------------------------------------------------

    @Test
    void refusesWhatLeavesTheDevice() throws IOException {
        byte[] content = content();
        BlockDevice device = open(content);
        long size = content.length;
        long[][] outside = {
            {size, 1}, {size - 1, 2}, {size + 1, 0}, {-1, 1}, {-1, 0}, {Long.MAX_VALUE, 512}, {size - 511, 512}
        };
        for (long[] range : outside) {
            ByteBuffer buffer = ByteBuffer.allocate((int) range[1]);
            String what = range[1] + " bytes at " + range[0];
            refused(what, ErrorKind.OUT_OF_RANGE, () -> device.read(buffer, range[0]));
            Contents.assertEqual(what, buffer.array(), new byte[(int) range[1]]);
            if (range[1] > 0) {
                refused(what, ErrorKind.OUT_OF_RANGE, () -> device.extentAt(range[0], range[1]));
            }
            if (canBeWritten()) {
                refused(what, ErrorKind.OUT_OF_RANGE, () -> device.write(buffer, range[0]));
                refused(what, ErrorKind.OUT_OF_RANGE, () -> device.discard(range[0], range[1]));
                refused(what, ErrorKind.OUT_OF_RANGE, () -> device.writeZeroes(range[0], range[1], ZeroMode.MAY_UNMAP));
            }
        }
        if (canBeWritten()) {
            refused("2^63-1", ErrorKind.OUT_OF_RANGE, () -> device.discard(10, Long.MAX_VALUE));
            refused("2^63-1", ErrorKind.OUT_OF_RANGE, () -> device.writeZeroes(10, Long.MAX_VALUE, ZeroMode.MAY_UNMAP));
        }
        Contents.assertEqual("the device", ExpectedContent.read(device, 0, content.length), content);
    }

    @Test
    void severalBuffersThatLeaveTheDeviceTogetherDoNothing() throws IOException {
        byte[] content = content();
        BlockDevice device = open(content);
        ByteBuffer[] buffers = {ByteBuffer.allocate(512), ByteBuffer.allocate(512)};
        long offset = content.length - 600L;
        refused("read", ErrorKind.OUT_OF_RANGE, () -> device.read(buffers, offset));
        Contents.assertEqual("the first buffer", buffers[0].array(), new byte[512]);
        if (canBeWritten()) {
            refused("write", ErrorKind.OUT_OF_RANGE, () -> device.write(buffers, offset));
        }
        Contents.assertEqual("the device", ExpectedContent.read(device, 0, content.length), content);
    }

    @Test
    void nothingIsLegalEverywhere() throws IOException {
        byte[] content = content();
        BlockDevice device = open(content);
        for (long offset : new long[] {0, 1, 512, content.length}) {
            device.read(ByteBuffer.allocate(0), offset);
            if (canBeWritten()) {
                device.write(ByteBuffer.allocate(0), offset);
                device.writeZeroes(offset, 0, ZeroMode.KEEP_ALLOCATED);
                device.discard(offset, 0);
            }
        }
        Contents.assertEqual("the device", ExpectedContent.read(device, 0, content.length), content);
    }

    // ---- writing ---------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource(Kind.class)
    void writesAnyRangeFromEveryKindOfBuffer(Kind kind) throws IOException {
        byte[] content = content();
        BlockDevice device = writable(content);
        for (int i = 0; i < RANGES.length; i++) {
            int offset = RANGES[i][0] + i * 13;
            int length = RANGES[i][1];
            byte[] written = Step.bytes(i + 1, length);
            ByteBuffer buffer = kind.make(length);
            int limit = buffer.limit();
            buffer.put(buffer.position(), written);
            device.write(i % 2 == 0 ? buffer : buffer.asReadOnlyBuffer(), offset);
            if (i % 2 == 0) {
                assertThat(buffer.position()).isEqualTo(limit);
                assertThat(buffer.limit()).isEqualTo(limit);
                byte[] left = new byte[length];
                buffer.get(limit - length, left);
                Contents.assertEqual("the source afterwards", left, written);
            }
            System.arraycopy(written, 0, content, offset, length);
            Contents.assertEqual("read", ExpectedContent.read(device, offset, length), written);
        }
        Contents.assertEqual("the device", ExpectedContent.read(device, 0, content.length), content);
    }

    @ParameterizedTest
    @EnumSource(ZeroMode.class)
    void zeroesAnyRange(ZeroMode mode) throws IOException {
        byte[] content = content();
        BlockDevice device = writable(content);
        for (int[] range : RANGES) {
            int offset = size() / 2 + range[0];
            try {
                device.writeZeroes(offset, range[1], mode);
                Arrays.fill(content, offset, offset + range[1], (byte) 0);
            } catch (ImageException refusal) {
                assertThat(mode).isEqualTo(ZeroMode.ONLY_IF_FAST);
                assertThat(refusal.kind()).isEqualTo(ErrorKind.UNSUPPORTED);
                adoptOldOrZero(device, content, offset, range[1]);
            }
        }
        Contents.assertEqual("the device", ExpectedContent.read(device, 0, content.length), content);
    }

    @Test
    void discardsToOldBytesOrZeroes() throws IOException {
        byte[] content = content();
        BlockDevice device = writable(content);
        for (int[] range : RANGES) {
            int offset = size() / 2 + range[0];
            device.discard(offset, range[1]);
            adoptOldOrZero(device, content, offset, range[1]);
        }
        device.discard(0, content.length);
        adoptOldOrZero(device, content, 0, content.length);
        // What it reads as does not change again.
        device.flush();
        Contents.assertEqual("the device", ExpectedContent.read(device, 0, content.length), content);
    }

    private static void adoptOldOrZero(BlockDevice device, byte[] content, int offset, int length) throws IOException {
        byte[] read = ExpectedContent.read(device, 0, content.length);
        for (int i = 0; i < content.length; i++) {
            boolean inside = i >= offset && i < offset + length;
            if (read[i] != content[i] && !(inside && read[i] == 0)) {
                throw new AssertionError("byte " + i + " changed from " + content[i] + " to " + read[i]);
            }
        }
        System.arraycopy(read, 0, content, 0, content.length);
    }

    @Test
    void acceptsForcedUnitAccess() throws IOException {
        byte[] content = content();
        BlockDevice device = writable(content);
        device.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 5, WriteFlag.FUA);
        device.writeZeroes(600, 5000, ZeroMode.MAY_UNMAP, WriteFlag.FUA);
        System.arraycopy(new byte[] {1, 2, 3}, 0, content, 5, 3);
        Arrays.fill(content, 600, 5600, (byte) 0);
        Contents.assertEqual("the device", ExpectedContent.read(device, 0, content.length), content);
    }

    @Test
    void refusesToChangeWhatIsReadOnly() throws IOException {
        assumeTrue(canBeReadOnly(), "only devices that can be read-only");
        byte[] content = content();
        BlockDevice device = open(content, true);
        assertThat(device.readOnly()).isTrue();
        refused("write", ErrorKind.READ_ONLY, () -> device.write(ByteBuffer.allocate(1), 0));
        refused("zero", ErrorKind.READ_ONLY, () -> device.writeZeroes(0, 512, ZeroMode.MAY_UNMAP));
        refused("discard", ErrorKind.READ_ONLY, () -> device.discard(0, 512));
        device.flush();
        Contents.assertEqual("the device", ExpectedContent.read(device, 0, content.length), content);
    }

    // ---- extents ---------------------------------------------------------------------------------------------------

    @Test
    void extentsAddUpAndTellNoLies() throws IOException {
        byte[] content = content();
        BlockDevice device = open(content);
        if (canBeWritten()) {
            device.writeZeroes(300_000, 100_000, ZeroMode.MAY_UNMAP);
            Arrays.fill(content, 300_000, 400_000, (byte) 0);
            device.write(ByteBuffer.wrap(content, 350_000, 10), 350_000);
        }
        new ExpectedContent(content).verifyAll(device);
        for (int[] range : RANGES) {
            Extent extent = device.extentAt(range[0], range[1]);
            assertThat(extent.guestOffset()).isEqualTo(range[0]);
            assertThat(extent.length()).isBetween(1L, (long) range[1]);
            assertThat(device.extentAt(range[0], range[1], 1).guestOffset()).isEqualTo(range[0]);
        }
        List<Extent> walk = new ArrayList<>();
        device.extents(777, content.length - 1777, BlockDevice.ALL_LAYERS, walk::add);
        long at = 777;
        for (Extent extent : walk) {
            assertThat(extent.guestOffset()).isEqualTo(at);
            at = extent.end();
        }
        assertThat(at).isEqualTo(content.length - 1000);
        for (int i = 1; i < walk.size(); i++) {
            assertThat(walk.get(i - 1).continuedBy(walk.get(i)))
                    .as("neighbours of one status are joined: %s", walk)
                    .isFalse();
        }
    }

    // ---- threads ---------------------------------------------------------------------------------------------------

    @Test
    void writesThatShareSectorsButNoByteAllSurvive() throws Exception {
        byte[] content = content();
        BlockDevice device = writable(content);
        int threads = 4;
        int grain = 100;
        byte[] expected = Step.bytes(99, 60_000);
        List<Thread> running = new ArrayList<>();
        List<Throwable> failures = java.util.Collections.synchronizedList(new ArrayList<>());
        for (int t = 0; t < threads; t++) {
            int first = t * grain;
            running.add(new Thread(() -> {
                try {
                    for (int at = first; at < expected.length; at += threads * grain) {
                        int length = Math.min(grain, expected.length - at);
                        device.write(ByteBuffer.wrap(expected, at, length), 200_000 + at);
                        byte[] read = ExpectedContent.read(device, 200_000L + at, length);
                        Contents.assertEqual("read", read, Arrays.copyOfRange(expected, at, at + length));
                    }
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
        System.arraycopy(expected, 0, content, 200_000, expected.length);
        Contents.assertEqual("the device", ExpectedContent.read(device, 0, content.length), content);
    }

    @Test
    void closingWaitsForRequestsInFlightAndEndsAllOthers() throws Exception {
        byte[] content = content();
        BlockDevice device = open(content);
        AtomicBoolean closed = new AtomicBoolean();
        CountDownLatch reading = new CountDownLatch(2);
        List<Throwable> failures = java.util.Collections.synchronizedList(new ArrayList<>());
        Runnable reader = () -> {
            try {
                while (true) {
                    boolean wasClosed = closed.get();
                    byte[] read = ExpectedContent.read(device, 5, 100_000);
                    assertThat(wasClosed)
                            .as("a read that began after closing succeeded")
                            .isFalse();
                    Contents.assertEqual("read", read, Arrays.copyOfRange(content, 5, 100_005));
                    reading.countDown();
                }
            } catch (ImageException end) {
                if (end.kind() != ErrorKind.CLOSED) {
                    failures.add(end);
                }
            } catch (Throwable failure) {
                failures.add(failure);
            }
        };
        List<Thread> threads = List.of(new Thread(reader), new Thread(reader));
        threads.forEach(Thread::start);
        reading.await();
        device.close();
        closed.set(true);
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failures).isEmpty();
    }

    @Test
    void isClosedForGood() throws IOException {
        byte[] content = content();
        BlockDevice device = open(content);
        device.close();
        device.close();
        refused("read", ErrorKind.CLOSED, () -> device.read(ByteBuffer.allocate(1), 0));
        refused("extent", ErrorKind.CLOSED, () -> device.extentAt(0, 1));
        refused("flush", ErrorKind.CLOSED, device::flush);
        if (canBeWritten()) {
            refused("write", ErrorKind.CLOSED, () -> device.write(ByteBuffer.allocate(1), 0));
            refused("zero", ErrorKind.CLOSED, () -> device.writeZeroes(0, 1, ZeroMode.MAY_UNMAP));
            refused("discard", ErrorKind.CLOSED, () -> device.discard(0, 1));
        }
    }

    @Test
    void anInterruptEndsNothing() throws IOException {
        byte[] content = content();
        BlockDevice device = open(content);
        Thread.currentThread().interrupt();
        try {
            Contents.assertEqual(
                    "read", ExpectedContent.read(device, 10, 100_000), Arrays.copyOfRange(content, 10, 100_010));
            if (canBeWritten()) {
                device.write(ByteBuffer.wrap(new byte[] {7}), 3);
                content[3] = 7;
                device.writeZeroes(65536, 65536, ZeroMode.MAY_UNMAP);
                Arrays.fill(content, 65536, 131072, (byte) 0);
            }
            device.flush();
            assertThat(Thread.currentThread().isInterrupted())
                    .as("the flag stays as it was")
                    .isTrue();
        } finally {
            Thread.interrupted();
        }
        Contents.assertEqual("the device", ExpectedContent.read(device, 0, content.length), content);
    }

    private static void refused(String what, ErrorKind kind, ThrowingCallable call) {
        assertThatThrownBy(call)
                .as(what)
                .isInstanceOfSatisfying(
                        ImageException.class,
                        refusal -> assertThat(refusal.kind()).as(what).isEqualTo(kind));
    }
}
