package io.jimg.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.jimg.BlockDevice;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.WriteFlag;
import io.jimg.ZeroMode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * What a device must read as: a plain array of bytes. Steps are done to both, and what the device answers is compared
 * at once. Threads may share one as long as each does steps to bytes of its own.
 */
public final class ExpectedContent {
    private static final int CHUNK = 1 << 20;

    private final byte[] bytes;

    /** Starts with that content, which is copied. */
    public ExpectedContent(byte[] initial) {
        this.bytes = initial.clone();
    }

    /** The array itself. */
    public byte[] bytes() {
        return bytes;
    }

    /** Does a step that is neither a flush nor a reopening to a device and to this content. */
    public void apply(Step raw, BlockDevice device) throws IOException {
        Step step = raw.within(bytes.length);
        switch (step.kind()) {
            case READ -> verify(device, step.offset(), step.length(), step);
            case WRITE -> {
                byte[] written = step.bytes();
                // All kinds of buffers in turn.
                device.write(buffer(written, (int) (step.seed() % 3)), step.offset());
                set(step.offset(), written);
            }
            case WRITE_FUA -> {
                byte[] written = step.bytes();
                device.write(ByteBuffer.wrap(written), step.offset(), WriteFlag.FUA);
                set(step.offset(), written);
            }
            case WRITE_VECTORED -> {
                byte[] written = step.bytes();
                int cut = written.length / 3;
                device.write(
                        new ByteBuffer[] {
                            ByteBuffer.wrap(written, 0, cut), ByteBuffer.wrap(written, cut, written.length - cut)
                        },
                        step.offset());
                set(step.offset(), written);
            }
            case ZERO -> zero(device, step, ZeroMode.MAY_UNMAP);
            case ZERO_KEEP -> zero(device, step, ZeroMode.KEEP_ALLOCATED);
            case ZERO_FAST -> {
                try {
                    zero(device, step, ZeroMode.ONLY_IF_FAST);
                } catch (ImageException refused) {
                    assertThat(refused.kind()).isEqualTo(ErrorKind.UNSUPPORTED);
                    // Some of it may have been fast.
                    adoptOldOrZero(device, step);
                }
            }
            case DISCARD -> {
                device.discard(step.offset(), step.length());
                adoptOldOrZero(device, step);
            }
            case FLUSH -> device.flush();
            case REOPEN -> throw new IllegalArgumentException("whoever opened the device reopens it");
        }
    }

    /** Does a step to a device alone, nothing compared: where other threads write the same bytes. */
    static void applyBlindly(Step step, BlockDevice device) throws IOException {
        switch (step.kind()) {
            case READ -> read(device, step.offset(), step.length());
            case WRITE, WRITE_VECTORED -> device.write(ByteBuffer.wrap(step.bytes()), step.offset());
            case WRITE_FUA -> device.write(ByteBuffer.wrap(step.bytes()), step.offset(), WriteFlag.FUA);
            case ZERO, ZERO_FAST -> device.writeZeroes(step.offset(), step.length(), ZeroMode.MAY_UNMAP);
            case ZERO_KEEP -> device.writeZeroes(step.offset(), step.length(), ZeroMode.KEEP_ALLOCATED);
            case DISCARD -> device.discard(step.offset(), step.length());
            case FLUSH, REOPEN -> device.flush();
        }
    }

    /** Compares the whole device, read in pieces, and what it says of its extents. */
    public void verifyAll(BlockDevice device) throws IOException {
        assertThat(device.size()).isEqualTo(bytes.length);
        for (int at = 0; at < bytes.length; at += CHUNK) {
            verify(device, at, Math.min(CHUNK, bytes.length - at), "the whole device");
        }
        verifyExtents(device);
    }

    private void verifyExtents(BlockDevice device) throws IOException {
        long at = 0;
        while (at < bytes.length) {
            Extent extent = device.extentAt(at, bytes.length - at);
            assertThat(extent.guestOffset()).as("%s", extent).isEqualTo(at);
            assertThat(extent.end()).as("%s", extent).isBetween(at + 1, (long) bytes.length);
            if (extent.zero()) {
                int nonZero = firstNonZero((int) at, (int) extent.end());
                assertThat(nonZero).as("a byte that is not zero in %s", extent).isNegative();
            } else {
                assertThat(extent.data())
                        .as("neither data nor zero: %s", extent)
                        .isTrue();
            }
            at = extent.end();
        }
    }

    private int firstNonZero(int from, int to) {
        for (int i = from; i < to; i++) {
            if (bytes[i] != 0) {
                return i;
            }
        }
        return -1;
    }

    private void zero(BlockDevice device, Step step, ZeroMode mode) throws IOException {
        device.writeZeroes(step.offset(), step.length(), mode);
        set(step.offset(), new byte[step.length()]);
    }

    /** Takes over what a range reads as, every byte of which must be what it was, or zero. */
    private void adoptOldOrZero(BlockDevice device, Step step) throws IOException {
        byte[] read = read(device, step.offset(), step.length());
        int start = (int) step.offset();
        for (int i = 0; i < read.length; i++) {
            if (read[i] != 0 && read[i] != bytes[start + i]) {
                fail(
                        "byte %d is %d after %s, neither zero nor %d as before",
                        start + i, read[i], step, bytes[start + i]);
            }
        }
        set(step.offset(), read);
    }

    private void verify(BlockDevice device, long offset, int length, Object reason) throws IOException {
        byte[] read = read(device, offset, length);
        int start = (int) offset;
        int mismatch = Arrays.mismatch(read, 0, length, bytes, start, start + length);
        if (mismatch >= 0) {
            fail("byte %d is %d instead of %d (%s)", start + mismatch, read[mismatch], bytes[start + mismatch], reason);
        }
    }

    /** Reads a range of a device. */
    static byte[] read(BlockDevice device, long offset, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        device.read(buffer, offset);
        assertThat(buffer.hasRemaining())
                .as("a read leaves the buffer unfilled")
                .isFalse();
        return buffer.array();
    }

    private void set(long offset, byte[] content) {
        System.arraycopy(content, 0, bytes, (int) offset, content.length);
    }

    private static ByteBuffer buffer(byte[] content, int kind) {
        return switch (kind) {
            case 0 -> ByteBuffer.wrap(content);
            case 1 ->
                ByteBuffer.allocateDirect(content.length + 3)
                        .position(3)
                        .put(content)
                        .flip()
                        .position(3);
            default -> ByteBuffer.wrap(content).asReadOnlyBuffer();
        };
    }
}
