package io.jimg.spi;

import io.jimg.BlockDevice;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.Limits;
import io.jimg.WriteFlag;
import io.jimg.ZeroMode;
import io.jimg.storage.Outcome;
import io.jimg.storage.StorageEvent;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The base of every device: its public methods are final and check state, range and permission once; a driver fills in
 * the protected hooks and sees only clean requests.
 *
 * <p>What a hook may rely on: the device is open and stays so until the hook returns; offset and length lie inside the
 * device, length is greater than zero, and both are multiples of {@link io.jimg.Limits#requestAlignment()}, so that the
 * last request of a device whose size is none ends with a whole block, past the device's end; buffers have exactly the
 * request's bytes between position and limit; a request is no larger than {@link io.jimg.Limits#largestTransfer()}; a
 * device opened read-only sees no write. Requests that are not aligned become read-modify-write here, under a lock on
 * the range, so that two writes that share a sector but no byte both survive.
 */
public abstract class AbstractBlockDevice implements BlockDevice {
    private static final long NOT_WHOLE = -1;

    private final InFlight inFlight = new InFlight();
    private final RangeLock padding = new RangeLock();
    private volatile long size;

    /**
     * For drivers.
     *
     * @param size guest bytes; at least zero
     */
    protected AbstractBlockDevice(long size) {
        if (size < 0) {
            throw new IllegalArgumentException("size " + size);
        }
        this.size = size;
    }

    // ---- hooks -------------------------------------------------------------------------------------------------

    /** Fills the buffer. */
    protected abstract void doRead(ByteBuffer destination, long offset) throws IOException;

    /**
     * Writes as {@link #doWrite(ByteBuffer, long)} does and makes the bytes durable, where both are one request;
     * nothing is done otherwise, which is what happens by default.
     */
    protected Outcome doWriteDurably(ByteBuffer source, long offset) throws IOException {
        return Outcome.UNSUPPORTED;
    }

    /** Writes the buffer. */
    protected abstract void doWrite(ByteBuffer source, long offset) throws IOException;

    /**
     * Fills several buffers in turn from one run; each has more than zero bytes, a multiple of the request alignment.
     * The default reads one after the other.
     */
    protected void doRead(ByteBuffer[] destinations, long offset) throws IOException {
        long at = offset;
        for (ByteBuffer destination : destinations) {
            int length = destination.remaining();
            doRead(destination, at);
            at += length;
        }
    }

    /** Writes several buffers in turn to one run, as {@link #doRead(ByteBuffer[], long)} reads. */
    protected void doWrite(ByteBuffer[] sources, long offset) throws IOException {
        long at = offset;
        for (ByteBuffer source : sources) {
            int length = source.remaining();
            doWrite(source, at);
            at += length;
        }
    }

    /** Makes an aligned range zero. The default writes zeroes as data, or refuses where only a fast way is wanted. */
    protected void doWriteZeroes(long offset, long length, ZeroMode mode) throws IOException {
        if (mode == ZeroMode.ONLY_IF_FAST) {
            throw new ImageException(ErrorKind.UNSUPPORTED, "Zeroes cannot be written without writing data");
        }
        Zeroes.write(length, (zeroes, at) -> doWrite(zeroes, offset + at));
    }

    /** Discards a range. The default does nothing. */
    protected void doDiscard(long offset, long length) throws IOException {}

    /** The run at an offset; not longer than {@code length}. */
    protected abstract Extent doExtentAt(long offset, long length, int layers) throws IOException;

    /** Makes durable what completed before. */
    protected abstract void doFlush() throws IOException;

    /** Closes what the device opened, all of it, whatever fails; called once, with no request in flight. */
    protected abstract void doClose() throws IOException;

    /** Whether every write is to be flushed before it completes. */
    protected boolean writeThrough() {
        return false;
    }

    /**
     * Hears of the steps of a write that this base takes; for devices whose storage may want to know, see
     * {@link io.jimg.storage.Storage#about}.
     */
    protected void about(StorageEvent event) throws IOException {}

    /** For formats that can be resized: the new size holds for requests that start afterwards. */
    protected final void setSize(long newSize) {
        size = newSize;
    }

    // ---- for capabilities of drivers ---------------------------------------------------------------------------

    /**
     * Something that a driver does with its device.
     *
     * @param <T> its result
     */
    @FunctionalInterface
    protected interface Action<T> {
        /** Does it. */
        T run() throws IOException;
    }

    /**
     * Runs an action as a request beside {@link #read} and {@link #write}: {@link #close} waits for it, and so does
     * {@link #alone}.
     *
     * @throws ImageException {@link ErrorKind#CLOSED}
     */
    protected final <T> T asRequest(Action<T> action) throws IOException {
        inFlight.enter();
        try {
            return action.run();
        } finally {
            inFlight.leave();
        }
    }

    /**
     * Runs an action while no request is in flight; requests that come meanwhile wait until it is over. The action must
     * not call the public methods of this device.
     *
     * @throws ImageException {@link ErrorKind#CLOSED}
     */
    protected final <T> T alone(Action<T> action) throws IOException {
        inFlight.pause();
        try {
            return action.run();
        } finally {
            inFlight.resume();
        }
    }

    // ---- the public contract -----------------------------------------------------------------------------------

    @Override
    public final long size() {
        return size;
    }

    @Override
    public final void read(ByteBuffer destination, long offset) throws IOException {
        int length = destination.remaining();
        enter(offset, length);
        try {
            Limits limits = limits();
            int alignment = limits.requestAlignment();
            if (length == 0) {
                return;
            }
            if (aligned(offset, length, alignment)) {
                readAligned(destination, offset, limits.largestTransfer());
            } else {
                readPadded(destination, offset, alignment);
            }
        } finally {
            inFlight.leave();
        }
    }

    @Override
    public final void write(ByteBuffer source, long offset, WriteFlag... flags) throws IOException {
        int length = source.remaining();
        enterWriting(offset, length);
        try {
            Limits limits = limits();
            int alignment = limits.requestAlignment();
            if (length == 0) {
                return;
            }
            if (aligned(offset, length, alignment)) {
                try (RangeLock.Held held = lockBlocks(offset, length, alignment)) {
                    if (durable(flags) && writeDurably(source, offset, limits.largestTransfer())) {
                        return;
                    }
                    writeAligned(source, offset, limits.largestTransfer());
                }
            } else {
                writePadded(source, offset, alignment);
            }
            finishWrite(flags);
        } finally {
            inFlight.leave();
        }
    }

    @Override
    public final void writeZeroes(long offset, long length, ZeroMode mode, WriteFlag... flags) throws IOException {
        enterWriting(offset, length);
        try {
            int alignment = limits().requestAlignment();
            long start = Math.min(roundUp(offset, alignment), offset + length);
            long end = Math.max(start, roundDown(offset + length, alignment));
            if (start > offset) {
                writePadded(ByteBuffer.allocate((int) (start - offset)), offset, alignment);
            }
            if (end > start) {
                try (RangeLock.Held held = lockBlocks(start, end - start, alignment)) {
                    doWriteZeroes(start, end - start, mode);
                }
            }
            if (offset + length > end) {
                writePadded(ByteBuffer.allocate((int) (offset + length - end)), end, alignment);
            }
            finishWrite(flags);
        } finally {
            inFlight.leave();
        }
    }

    @Override
    public final void read(ByteBuffer[] destinations, long offset) throws IOException {
        long length = wholeLength(destinations, offset);
        if (length == NOT_WHOLE) {
            BlockDevice.super.read(destinations, offset);
            return;
        }
        enter(offset, length);
        try {
            doRead(destinations, offset);
        } finally {
            inFlight.leave();
        }
    }

    @Override
    public final void write(ByteBuffer[] sources, long offset, WriteFlag... flags) throws IOException {
        long length = wholeLength(sources, offset);
        if (length == NOT_WHOLE) {
            BlockDevice.super.write(sources, offset, flags);
            return;
        }
        enterWriting(offset, length);
        try {
            about(StorageEvent.PWRITEV);
            try (RangeLock.Held held = lockBlocks(offset, length, limits().requestAlignment())) {
                doWrite(sources, offset);
            }
            about(StorageEvent.PWRITEV_DONE);
            finishWrite(flags);
        } finally {
            inFlight.leave();
        }
    }

    /** Bytes in all, where a driver can take the buffers as they are; otherwise {@link #NOT_WHOLE}. */
    private long wholeLength(ByteBuffer[] buffers, long offset) {
        Limits limits = limits();
        long length = 0;
        for (ByteBuffer buffer : buffers) {
            if (!buffer.hasRemaining() || !aligned(offset, buffer.remaining(), limits.requestAlignment())) {
                return NOT_WHOLE;
            }
            length += buffer.remaining();
        }
        return buffers.length > 1 && length <= limits.largestTransfer() ? length : NOT_WHOLE;
    }

    @Override
    public final void discard(long offset, long length) throws IOException {
        enterWriting(offset, length);
        try {
            int alignment = limits().requestAlignment();
            long start = roundUp(offset, alignment);
            long end = roundDown(offset + length, alignment);
            if (end > start) {
                doDiscard(start, end - start);
            }
        } finally {
            inFlight.leave();
        }
    }

    @Override
    public final Extent extentAt(long offset, long length, int layers) throws IOException {
        if (length <= 0 || layers <= 0) {
            throw new IllegalArgumentException("length " + length + ", layers " + layers);
        }
        enter(offset, length);
        try {
            return doExtentAt(offset, length, layers);
        } finally {
            inFlight.leave();
        }
    }

    @Override
    public final void flush() throws IOException {
        enter(0, 0);
        try {
            if (!readOnly()) {
                doFlush();
            }
        } finally {
            inFlight.leave();
        }
    }

    @Override
    public final void close() throws IOException {
        if (inFlight.close()) {
            doClose();
        }
    }

    // ---- behind it ---------------------------------------------------------------------------------------------

    private void enter(long offset, long length) throws ImageException {
        inFlight.enter();
        if (offset < 0 || length < 0 || offset > size - length) {
            inFlight.leave();
            throw new ImageException(
                    ErrorKind.OUT_OF_RANGE,
                    "A request for " + length + " bytes at " + offset + " leaves the device of " + size + " bytes");
        }
    }

    private void enterWriting(long offset, long length) throws ImageException {
        enter(offset, length);
        if (readOnly()) {
            inFlight.leave();
            throw new ImageException(ErrorKind.READ_ONLY, "The device is open for reading only");
        }
    }

    /**
     * Keeps a neighbour's read-modify-write from carrying old bytes over what is written to whole blocks; where every
     * byte is a block there is no such neighbour.
     */
    private RangeLock.Held lockBlocks(long offset, long length, int alignment) {
        return padding.lock(offset, alignment == 1 ? 0 : length);
    }

    /** Whether a write with these flags is to be durable when it completes. */
    private boolean durable(WriteFlag[] flags) {
        return flags.length > 0 || writeThrough();
    }

    private void finishWrite(WriteFlag[] flags) throws IOException {
        if (durable(flags)) {
            doFlush();
        }
    }

    /** Whether the driver could write and make durable in one. */
    private boolean writeDurably(ByteBuffer source, long offset, int largest) throws IOException {
        return source.remaining() <= largest && doWriteDurably(source, offset) == Outcome.DONE;
    }

    private void readAligned(ByteBuffer destination, long offset, int largest) throws IOException {
        int length = destination.remaining();
        if (length <= largest) {
            doRead(destination, offset);
            return;
        }
        int start = destination.position();
        for (int done = 0, piece; done < length; done += piece) {
            piece = Math.min(largest, length - done);
            doRead(destination.slice(start + done, piece), offset + done);
        }
        destination.position(start + length);
    }

    private void writeAligned(ByteBuffer source, long offset, int largest) throws IOException {
        int length = source.remaining();
        about(StorageEvent.PWRITEV);
        if (length <= largest) {
            doWrite(source, offset);
            about(StorageEvent.PWRITEV_DONE);
            return;
        }
        int start = source.position();
        for (int done = 0, piece; done < length; done += piece) {
            piece = Math.min(largest, length - done);
            doWrite(source.slice(start + done, piece), offset + done);
        }
        about(StorageEvent.PWRITEV_DONE);
        source.position(start + length);
    }

    private void readPadded(ByteBuffer destination, long offset, int alignment) throws IOException {
        long end = offset + destination.remaining();
        int piece = pieceSize(alignment);
        ByteBuffer bounce = AlignedBuffers.allocate(
                (int) Math.min(piece, roundUp(end, alignment) - roundDown(offset, alignment)),
                limits().bufferAlignment());
        for (long at = offset; at < end; ) {
            long from = roundDown(at, alignment);
            int span = (int) Math.min(bounce.capacity(), roundUp(end, alignment) - from);
            bounce.clear().limit(span);
            doRead(bounce, from);
            int skip = (int) (at - from);
            int take = (int) Math.min(span - skip, end - at);
            destination.put(bounce.clear().position(skip).limit(skip + take));
            at += take;
        }
    }

    /**
     * Read-modify-write, piece by piece. The last sector of a device whose size is not a multiple is the driver's to
     * clip, as its {@code doRead} pads it.
     */
    private void writePadded(ByteBuffer source, long offset, int alignment) throws IOException {
        long end = offset + source.remaining();
        long first = roundDown(offset, alignment);
        long last = roundUp(end, alignment);
        int sourceEnd = source.limit();
        try (RangeLock.Held held = padding.lock(first, last - first)) {
            ByteBuffer bounce = AlignedBuffers.allocate(
                    (int) Math.min(pieceSize(alignment), last - first), limits().bufferAlignment());
            for (long at = offset; at < end; ) {
                long from = roundDown(at, alignment);
                int span = (int) Math.min(bounce.capacity(), last - from);
                int skip = (int) (at - from);
                int take = (int) Math.min(span - skip, end - at);
                if (skip > 0 || skip + take < span) {
                    readAround(bounce.clear().limit(span), from, skip > 0, skip + take < span);
                }
                source.limit(source.position() + take);
                bounce.clear().position(skip).put(source);
                source.limit(sourceEnd);
                about(StorageEvent.PWRITEV);
                doWrite(bounce.clear().limit(span), from);
                about(StorageEvent.PWRITEV_DONE);
                at += take;
            }
        }
    }

    /** Reads the blocks that a write covers in part, the first or the last of them, or both. */
    private void readAround(ByteBuffer blocks, long offset, boolean head, boolean tail) throws IOException {
        if (head) {
            about(StorageEvent.PWRITEV_RMW_HEAD);
        }
        if (tail && !head) {
            about(StorageEvent.PWRITEV_RMW_TAIL);
        }
        doRead(blocks, offset);
        if (head) {
            about(StorageEvent.PWRITEV_RMW_AFTER_HEAD);
        }
        if (tail) {
            about(StorageEvent.PWRITEV_RMW_AFTER_TAIL);
        }
    }

    private int pieceSize(int alignment) {
        return Math.max(alignment, Math.min(1 << 20, limits().largestTransfer()));
    }

    private static boolean aligned(long offset, long length, int alignment) {
        return ((offset | length) & (alignment - 1)) == 0;
    }

    private static long roundDown(long value, int alignment) {
        return value & -alignment;
    }

    private static long roundUp(long value, int alignment) {
        return (value + alignment - 1) & -alignment;
    }
}
