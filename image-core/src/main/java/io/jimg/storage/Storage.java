package io.jimg.storage;

import io.jimg.BlockDevice;
import io.jimg.Limits;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Host bytes that can grow: a file, memory, an export of another machine. A format turns a storage into a guest's disk.
 *
 * <p>What every storage keeps:
 *
 * <ul>
 *   <li>All methods may be called by many threads; overlapping writes have no order between them.
 *   <li>A read past the end gives zeroes; a write past the end grows the storage, and what lies between reads as zero
 *       and is not written.
 *   <li>What a storage cannot do is an {@link Outcome#UNSUPPORTED} answer, never a silent nothing.
 *   <li>A thread may be interrupted: the storage stays usable for all, and the interrupt flag stays as it was.
 *   <li>A full disk is {@link io.jimg.ErrorKind#NO_SPACE}.
 * </ul>
 */
public interface Storage extends AutoCloseable {
    /** The answer of {@link #allocatedSize()} where it cannot be told. */
    long UNKNOWN_SIZE = -1;

    /** The name as the user typed it, or as an image names it, for messages and for resolving relative names. */
    String name();

    /** Name of the protocol's driver, such as {@code file}. */
    String protocol();

    /** What several storages of this kind are called in sentences about those whose length is fixed. */
    default String kind() {
        return "device files";
    }

    /** Equal for two storages that are the same bytes under different names: finds loops and files opened twice. */
    Object identity();

    /** Whether it was opened for reading only. */
    boolean readOnly();

    /** Length in bytes. */
    long size() throws IOException;

    /**
     * Bytes that it occupies on the host; {@link #size()} where the host does not tell, {@link #UNKNOWN_SIZE} where
     * there is no host to ask.
     */
    long allocatedSize() throws IOException;

    /**
     * Alignment at which requests are fast, and their best size. Any other is legal, and slower with O_DIRECT alone.
     */
    Limits limits();

    /** Fills {@code destination} from its position to its limit; bytes past the end are zero. */
    void read(ByteBuffer destination, long hostOffset) throws IOException;

    /** Writes {@code source} from its position to its limit; grows the storage if need be. */
    void write(ByteBuffer source, long hostOffset) throws IOException;

    /**
     * Writes as {@link #write(ByteBuffer, long)} does, and has these bytes durable when it returns, where that is one
     * request and so cheaper than a flush after it. Where it is not, nothing was written.
     */
    default Outcome writeDurably(ByteBuffer source, long hostOffset) throws IOException {
        return Outcome.UNSUPPORTED;
    }

    /** Fills several buffers in turn from one run of bytes. */
    default void read(ByteBuffer[] destinations, long hostOffset) throws IOException {
        long at = hostOffset;
        for (ByteBuffer destination : destinations) {
            int length = destination.remaining();
            read(destination, at);
            at += length;
        }
    }

    /** Writes several buffers in turn to one run of bytes. */
    default void write(ByteBuffer[] sources, long hostOffset) throws IOException {
        long at = hostOffset;
        for (ByteBuffer source : sources) {
            int length = source.remaining();
            write(source, at);
            at += length;
        }
    }

    /**
     * Makes a range read as zero without writing data; grows the storage if the range ends past its end.
     *
     * @param keepAllocated whether the range must stay, or become, allocated
     */
    Outcome zero(long hostOffset, long length, boolean keepAllocated) throws IOException;

    /**
     * As {@link #zero} without keeping space, but only where it is faster than writing zeroes, so that nothing is lost
     * by trying.
     */
    default Outcome zeroIfFast(long hostOffset, long length) throws IOException {
        return zero(hostOffset, length, false);
    }

    /** Gives a range back to the host; it reads as zero afterwards, and the length stays. */
    Outcome punch(long hostOffset, long length) throws IOException;

    /**
     * Tells that what a range holds is of no interest any more; it may read as zero afterwards or as before. The length
     * stays.
     */
    default void discard(long hostOffset, long length) throws IOException {
        // A host that cannot punch holes keeps the old bytes.
        punch(hostOffset, length);
    }

    /**
     * Reserves space for a range without changing what it reads as; grows the storage if the range ends past its end.
     */
    Outcome allocate(long hostOffset, long length) throws IOException;

    /** Sets the length. New bytes read as zero and are not written. */
    void truncate(long newSize) throws IOException;

    /**
     * Whether bytes that a {@link #truncate} adds are sure to read as zero: false for block devices, whose length is
     * fixed.
     */
    boolean growsWithZeroes();

    /**
     * The run at an offset.
     *
     * @param hostOffset inside the storage
     * @param length how many bytes are of interest, greater than zero; the answer is never longer
     */
    HostExtent extentAt(long hostOffset, long length) throws IOException;

    /**
     * Copies a range of another storage into this one inside the host, without the bytes passing through the JVM.
     *
     * @return {@link Outcome#UNSUPPORTED} where these two storages cannot
     */
    Outcome copyFrom(Storage source, long sourceOffset, long hostOffset, long length) throws IOException;

    /** Asks the host to overwrite this storage, which is still empty, in place: for btrfs. */
    default Outcome stopCopyOnWrite() throws IOException {
        return Outcome.UNSUPPORTED;
    }

    /**
     * Tells the host in what size this storage, which is still empty, is best allocated: for XFS.
     *
     * @param bytes from 0 to 2^32-1
     */
    default Outcome hintExtentSize(long bytes) throws IOException {
        return Outcome.UNSUPPORTED;
    }

    /**
     * Tells other programs of the host what is done with these bytes from now on, and refuses where it does not go with
     * what they do. Replaces what was said before; closing takes it back. Where nobody else reaches the bytes, where
     * locking was turned off, or where the host has no locks, nothing happens.
     *
     * @throws io.jimg.ImageException {@link io.jimg.ErrorKind#LOCKED} with QEMU's sentence; what was said before still
     *     holds
     */
    default void share(Sharing sharing) throws IOException {}

    /**
     * Hears what a driver is about to do. Nothing comes of it but in a storage that was made to fail at certain steps,
     * or to hold them up, so that what a driver does then can be tested.
     *
     * @throws IOException as the step itself would
     */
    default void about(StorageEvent event) throws IOException {}

    /** The device whose bytes these are, each at the offset that it has here; null where there is none. */
    default @Nullable BlockDevice device() {
        return null;
    }

    /** Makes durable what has completed before, the length included. */
    void flush() throws IOException;

    /** Idempotent. Flushes nothing. */
    @Override
    void close() throws IOException;
}
