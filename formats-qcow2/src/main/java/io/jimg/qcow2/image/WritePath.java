package io.jimg.qcow2.image;

import io.jimg.ZeroMode;
import io.jimg.qcow2.allocation.ClusterAllocator;
import io.jimg.qcow2.allocation.GracePeriod;
import java.io.IOException;
import java.nio.ByteBuffer;

/** All that changes an open image, each request counted for the {@link GracePeriod}. */
final class WritePath {

    private final GracePeriod grace;
    private final HeaderSector header;
    private final GuestWriter writer;
    private final GuestEraser eraser;
    private final CompressedWriter compressedWriter;
    private final WriteOrder order;
    private final ClusterAllocator allocator;

    /** Ties the parts together. */
    WritePath(
            GracePeriod grace,
            HeaderSector header,
            GuestWriter writer,
            GuestEraser eraser,
            CompressedWriter compressedWriter,
            WriteOrder order,
            ClusterAllocator allocator) {
        this.grace = grace;
        this.header = header;
        this.writer = writer;
        this.eraser = eraser;
        this.compressedWriter = compressedWriter;
        this.order = order;
        this.allocator = allocator;
    }

    /** Begins a request that uses host clusters found in the mapping. */
    long enter() {
        return grace.enter();
    }

    /** Ends what {@link #enter} began. */
    void leave(long token) {
        grace.leave(token);
    }

    void write(ByteBuffer source, long offset) throws IOException {
        long token = enter();
        try {
            writer.write(source, offset);
        } finally {
            leave(token);
        }
    }

    void zero(long offset, long length, ZeroMode mode) throws IOException {
        long token = enter();
        try {
            eraser.zero(offset, length, mode);
        } finally {
            leave(token);
        }
    }

    void discard(long offset, long length) throws IOException {
        long token = enter();
        try {
            eraser.discard(offset, length);
        } finally {
            leave(token);
        }
    }

    void writeCompressed(long guestOffset, ByteBuffer stream) throws IOException {
        long token = enter();
        try {
            compressedWriter.write(guestOffset, stream);
        } finally {
            leave(token);
        }
    }

    void flush() throws IOException {
        order.flush();
    }

    void finish() throws IOException {
        order.finish();
    }

    HeaderSector header() {
        return header;
    }

    WriteOrder order() {
        return order;
    }

    ClusterAllocator allocator() {
        return allocator;
    }

    boolean dirty() {
        return header.dirty();
    }
}
