package io.jimg.vmdk.extent;

import io.jimg.Extent;
import io.jimg.ZeroMode;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A run of a disk's bytes with a store of its own. Offsets are bytes of the extent; requests lie inside it. Safe for
 * many threads, as {@link io.jimg.BlockDevice} demands.
 */
public interface DiskExtent {

    /** Guest bytes. */
    long size();

    /** The file behind it; null where there is none. Whoever made the extent closes it. */
    @Nullable
    Storage file();

    /** Bytes of a grain; 0 where there are none. */
    default int grainSize() {
        return 0;
    }

    /** Whether grains are compressed. */
    default boolean compressed() {
        return false;
    }

    /** Whether the extent says that it was not closed after it was written. */
    default boolean unclean() {
        return false;
    }

    /** Fills a buffer; what the extent does not have comes from beneath. */
    void read(ByteBuffer destination, long offset) throws IOException;

    /**
     * Refuses an extent that is not written.
     *
     * @throws io.jimg.ImageException {@link io.jimg.ErrorKind#READ_ONLY}
     */
    default void requireWritable() throws IOException {}

    /** Writes a buffer. */
    void write(ByteBuffer source, long offset) throws IOException;

    /** Makes a range zero. */
    void zero(long offset, long length, ZeroMode mode) throws IOException;

    /** Gives back what space it can of a range whose content is no longer needed. */
    default void discard(long offset, long length) throws IOException {}

    /**
     * The run at an offset, with the extent's offset as its guest offset.
     *
     * @return not {@link Extent#present() present} for what comes from beneath
     */
    Extent at(long offset, long length) throws IOException;

    /** Makes durable what completed before. */
    void flush() throws IOException;

    /** Marks the extent as closed; flushed before and after. */
    default void finish() throws IOException {
        flush();
    }
}
