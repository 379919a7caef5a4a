package io.jimg.qcow2.image;

import io.jimg.ZeroMode;
import io.jimg.capability.CompressedWrite;
import io.jimg.qcow2.allocation.GracePeriod;
import io.jimg.qcow2.compression.ClusterCompression;
import java.io.IOException;
import java.nio.ByteBuffer;

/** All that changes an open image, each request counted for the {@link GracePeriod}. */
final class WritePath {

    /** A request. */
    @FunctionalInterface
    interface Request {
        /** Does it. */
        void run() throws IOException;
    }

    private final GracePeriod grace;
    private final HeaderSector header;
    private final GuestWriter writer;
    private final GuestEraser eraser;
    private final CompressedWriter compressedWriter;
    private final WriteOrder order;
    private final boolean writeThrough;

    /**
     * Ties the parts together.
     *
     * @param writeThrough whether every write is to be durable when it returns
     */
    WritePath(
            GracePeriod grace,
            HeaderSector header,
            GuestWriter writer,
            GuestEraser eraser,
            CompressedWriter compressedWriter,
            WriteOrder order,
            boolean writeThrough) {
        this.grace = grace;
        this.header = header;
        this.writer = writer;
        this.eraser = eraser;
        this.compressedWriter = compressedWriter;
        this.order = order;
        this.writeThrough = writeThrough;
    }

    /** Runs a request that uses host clusters found in the mapping. */
    void guarded(Request request) throws IOException {
        long token = grace.enter();
        try {
            request.run();
        } finally {
            grace.leave(token);
        }
    }

    void write(ByteBuffer source, long offset) throws IOException {
        guarded(() -> writer.write(source, offset));
    }

    void zero(long offset, long length, ZeroMode mode) throws IOException {
        guarded(() -> eraser.zero(offset, length, mode));
    }

    void discard(long offset, long length) throws IOException {
        guarded(() -> eraser.discard(offset, length));
    }

    void flush() throws IOException {
        order.flush();
    }

    void finish() throws IOException {
        order.finish();
    }

    boolean dirty() {
        return header.dirty();
    }

    boolean writeThrough() {
        return writeThrough;
    }

    /** The capability to write compressed clusters. */
    CompressedWrite compressedWrite(String codec, int runLength, ClusterCompression compression) {
        return new CompressedWrite() {
            @Override
            public String codec() {
                return codec;
            }

            @Override
            public int runLength() {
                return runLength;
            }

            @Override
            public boolean compress(ByteBuffer source, ByteBuffer destination) throws IOException {
                return compression.encode(source, destination);
            }

            @Override
            public void writeCompressed(long guestOffset, ByteBuffer stream) throws IOException {
                guarded(() -> compressedWriter.write(guestOffset, stream));
            }
        };
    }
}
