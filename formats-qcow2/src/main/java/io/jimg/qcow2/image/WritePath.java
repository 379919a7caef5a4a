package io.jimg.qcow2.image;

import io.jimg.ZeroMode;
import io.jimg.qcow2.allocation.ClusterAllocator;
import io.jimg.qcow2.allocation.GracePeriod;
import io.jimg.qcow2.bitmaps.BitmapRecording;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** All that changes an open image, each request counted for the {@link GracePeriod}. */
final class WritePath {

    private final GracePeriod grace;
    private final HeaderSector header;
    private final GuestWriter writer;
    private final GuestEraser eraser;
    private final CompressedWriter compressedWriter;
    private final WriteOrder order;
    private final ClusterAllocator allocator;
    private final @Nullable BitmapRecording recording;

    /**
     * Ties the parts together.
     *
     * @param recording for the bitmaps that are enabled; null where there are none
     */
    WritePath(
            GracePeriod grace,
            HeaderSector header,
            GuestWriter writer,
            GuestEraser eraser,
            CompressedWriter compressedWriter,
            WriteOrder order,
            ClusterAllocator allocator,
            @Nullable BitmapRecording recording) {
        this.grace = grace;
        this.header = header;
        this.writer = writer;
        this.eraser = eraser;
        this.compressedWriter = compressedWriter;
        this.order = order;
        this.allocator = allocator;
        this.recording = recording;
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
        record(offset, source.remaining());
        long token = enter();
        try {
            writer.write(source, offset);
        } finally {
            leave(token);
        }
    }

    /** Writes behind the guest's disk, which no bitmap records. */
    void writeState(ByteBuffer source, long offset) throws IOException {
        header.beforeWrite();
        long token = enter();
        try {
            writer.write(source, offset);
        } finally {
            leave(token);
        }
    }

    void zero(long offset, long length, ZeroMode mode) throws IOException {
        record(offset, length);
        long token = enter();
        try {
            eraser.zero(offset, length, mode);
        } finally {
            leave(token);
        }
    }

    void discard(long offset, long length) throws IOException {
        record(offset, length);
        long token = enter();
        try {
            eraser.discard(offset, length);
        } finally {
            leave(token);
        }
    }

    /**
     * Replaces a cluster by a stream.
     *
     * @param length guest bytes that the cluster has: fewer than others at the guest's end
     */
    void writeCompressed(long guestOffset, long length, ByteBuffer stream) throws IOException {
        record(guestOffset, length);
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

    private void record(long offset, long length) throws IOException {
        if (recording != null) {
            if (!recording.pending()) {
                // The marks change the image, even where what is recorded turns out to change nothing.
                header.beforeWrite();
            }
            recording.record(offset, length);
        }
    }

    @Nullable
    BitmapRecording recording() {
        return recording;
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
