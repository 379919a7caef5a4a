package io.jimg.qcow2.change;

import io.jimg.Notices;
import io.jimg.qcow2.allocation.ClusterAllocator;
import io.jimg.qcow2.header.Header;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The file of an open image that nobody else uses: no request is in flight, nothing is cached that the file does not
 * hold. For one thread.
 */
public interface ExclusiveFile {

    /** The storage with the metadata. */
    Storage file();

    /** The external data file; null where guest data lies in {@link #file()}. */
    @Nullable
    Storage externalData();

    /** Who is told what goes wrong beside what is reported. */
    Notices notices();

    /** The header as it stood in the file when the change began. */
    Header header();

    /**
     * The refcounts. What is changed in them stays in memory until {@link #commitRefcounts}, or the end of a change
     * that succeeds.
     */
    ClusterAllocator allocator();

    /** Writes changed refcounts; they are durable on return, and so is what was written before. */
    void commitRefcounts() throws IOException;

    /** Makes durable what was written before, guest data included. */
    void barrier() throws IOException;

    /**
     * Changes fields in the header's first 512 bytes, which a power loss leaves as they were or as they become; durable
     * on return.
     *
     * @param fields changes a copy of the sector, big-endian; its position is of no meaning
     */
    void changeHeader(Consumer<ByteBuffer> fields) throws IOException;

    /**
     * Replaces the header with its extensions and names; power loss leaves the old one or the new one. Durable on
     * return.
     *
     * @param change makes the new header from the present one, which may have moved on since {@link #header}
     * @throws io.jimg.ImageException {@link io.jimg.ErrorKind#LIMIT} where it does not fit into the first cluster;
     *     nothing was changed then
     */
    void rewriteHeader(UnaryOperator<Header> change) throws IOException;
}
