package io.jimg;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/**
 * A guest's disk: a fixed number of bytes, read and written at any byte offset.
 *
 * <p>What every device keeps:
 *
 * <ul>
 *   <li>Calls block, are positioned and leave no cursor behind. Any byte range inside the device is legal.
 *   <li>A read fills the buffer's remaining bytes, a write takes them all, or an exception is thrown; after an
 *       exception the buffer's position and the content of the range are unspecified, and no byte outside the range has
 *       changed.
 *   <li>A range that leaves the device is {@link ErrorKind#OUT_OF_RANGE}, and nothing happens. No write grows or
 *       truncates the device.
 *   <li>All methods may be called by many threads. Overlapping writes have no order between them but never break the
 *       image; two writes that share a sector or cluster but no byte both survive.
 *   <li>A thread may be interrupted: the device stays usable for all, and the interrupt flag stays as it was.
 *   <li>After {@link #close()} every call throws {@link ErrorKind#CLOSED}.
 * </ul>
 */
public interface BlockDevice extends AutoCloseable {

    /** All layers of a chain, for {@link #extentAt(long, long, int)}. */
    int ALL_LAYERS = Integer.MAX_VALUE;

    /** Size in bytes; constant but for resize operations of the format. */
    long size();

    /** What the device wants of its requests. */
    Limits limits();

    /** Whether writes, zeroes and discards are refused with {@link ErrorKind#READ_ONLY}. */
    boolean readOnly();

    /**
     * Fills {@code destination} from its position to its limit.
     *
     * @param offset first guest byte
     * @throws ImageException {@link ErrorKind#OUT_OF_RANGE} if the range leaves the device
     */
    void read(ByteBuffer destination, long offset) throws IOException;

    /** Fills several buffers in turn from one run of guest bytes. */
    default void read(ByteBuffer[] destinations, long offset) throws IOException {
        requireInside(destinations, offset);
        long at = offset;
        for (ByteBuffer destination : destinations) {
            int length = destination.remaining();
            read(destination, at);
            at += length;
        }
    }

    /**
     * Writes {@code source} from its position to its limit.
     *
     * @param offset first guest byte
     * @param flags none, or {@link WriteFlag#FUA}
     * @throws ImageException {@link ErrorKind#OUT_OF_RANGE}, {@link ErrorKind#READ_ONLY}, {@link ErrorKind#NO_SPACE}
     */
    void write(ByteBuffer source, long offset, WriteFlag... flags) throws IOException;

    /** Writes several buffers in turn to one run of guest bytes. */
    default void write(ByteBuffer[] sources, long offset, WriteFlag... flags) throws IOException {
        requireInside(sources, offset);
        long at = offset;
        for (ByteBuffer source : sources) {
            int length = source.remaining();
            write(source, at, flags);
            at += length;
        }
    }

    /** Several buffers are one request: where they leave the device together, nothing happens. */
    private void requireInside(ByteBuffer[] buffers, long offset) throws ImageException {
        long length = 0;
        for (ByteBuffer buffer : buffers) {
            length += buffer.remaining();
        }
        if (offset < 0 || offset > size() - length) {
            throw new ImageException(
                    ErrorKind.OUT_OF_RANGE,
                    "A request for " + length + " bytes at " + offset + " leaves the device of " + size() + " bytes");
        }
    }

    /**
     * Makes a range read as zero.
     *
     * @param offset first guest byte
     * @param length bytes, zero or more
     * @param mode whether space may be given back, must stay, or data must not be written
     */
    void writeZeroes(long offset, long length, ZeroMode mode, WriteFlag... flags) throws IOException;

    /**
     * Tells that a range's content is no longer needed. Advisory: it may do nothing. What the range reads as afterwards
     * is either its old bytes or zeroes; bytes of a backing file that were hidden before never shine through.
     */
    void discard(long offset, long length) throws IOException;

    /**
     * The status of one run of bytes.
     *
     * @param offset first guest byte, inside the device
     * @param length how many bytes are of interest, greater than zero; the answer is never longer
     * @param layers how many layers of the chain are asked, from this one down: 1 for this layer alone,
     *     {@link #ALL_LAYERS} for all
     * @return a run that starts at {@code offset}; the device need not find the longest one
     */
    Extent extentAt(long offset, long length, int layers) throws IOException;

    /** {@link #extentAt(long, long, int)} with all layers asked. */
    default Extent extentAt(long offset, long length) throws IOException {
        return extentAt(offset, length, ALL_LAYERS);
    }

    /** Walks a range: every run in guest order, neighbours of the same status joined. */
    default void extents(long offset, long length, int layers, Consumer<? super Extent> visitor) throws IOException {
        long end = offset + length;
        Extent pending = null;
        for (long at = offset; at < end; ) {
            Extent next = extentAt(at, end - at, layers);
            at = next.end();
            if (pending == null) {
                pending = next;
            } else if (pending.continuedBy(next)) {
                pending = pending.join(next);
            } else {
                visitor.accept(pending);
                pending = next;
            }
        }
        if (pending != null) {
            visitor.accept(pending);
        }
    }

    /** Makes durable what has completed on any thread before this call. */
    void flush() throws IOException;

    /**
     * Waits for requests in flight, makes what was written durable as the cache mode demands, and closes what the
     * device opened. Idempotent. Everything is closed even if a step fails; the first failure is thrown.
     */
    @Override
    void close() throws IOException;
}
