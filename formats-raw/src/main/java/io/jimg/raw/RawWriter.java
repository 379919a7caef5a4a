package io.jimg.raw;

import io.jimg.spi.AlignedBuffers;
import io.jimg.spi.ImageWriter;
import io.jimg.spi.Zeroes;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A raw image in the making. Where the file's new bytes are zeroes already, zeroes cost nothing. */
final class RawWriter implements ImageWriter {
    private static final int PIECE = 1 << 20;
    private static final int BUFFER_ALIGNMENT = 4096;

    private final Storage file;
    private final long size;
    private final boolean zeroed;
    /** All before it is written or known to be zero. */
    private long guestOffset;

    RawWriter(Storage file, long size) {
        this.file = file;
        this.size = size;
        this.zeroed = file.growsWithZeroes();
    }

    @Override
    public int alignment() {
        return Math.max(1, file.limits().requestAlignment());
    }

    @Override
    public Placement data(long offset, ByteBuffer source) throws IOException {
        zeroUpTo(offset);
        guestOffset = offset + source.remaining();
        return () -> write(source, offset);
    }

    private void write(ByteBuffer source, long offset) throws IOException {
        file.write(source, offset);
    }

    @Override
    public boolean copies() {
        return true;
    }

    @Override
    public Placement copy(long offset, Storage source, long hostOffset, long length) throws IOException {
        zeroUpTo(offset);
        guestOffset = offset + length;
        return () -> {
            if (file.copyFrom(source, hostOffset, offset, length) == Outcome.UNSUPPORTED) {
                copyByHand(offset, source, hostOffset, length);
            }
        };
    }

    private void copyByHand(long offset, Storage source, long hostOffset, long length) throws IOException {
        ByteBuffer buffer = AlignedBuffers.allocate((int) Math.min(PIECE, length), BUFFER_ALIGNMENT);
        for (long done = 0; done < length; ) {
            buffer.clear().limit((int) Math.min(buffer.capacity(), length - done));
            source.read(buffer, hostOffset + done);
            done += buffer.flip().remaining();
            write(buffer, offset + done - buffer.remaining());
        }
    }

    @Override
    public void zero(long offset, long length) throws IOException {
        zeroUpTo(offset + length);
    }

    private void zeroUpTo(long offset) throws IOException {
        long from = guestOffset;
        guestOffset = offset;
        if (!zeroed && offset > from && file.zero(from, offset - from, false) == Outcome.UNSUPPORTED) {
            Zeroes.write(offset - from, (zeroes, at) -> file.write(zeroes, from + at));
        }
    }

    @Override
    public void finish() throws IOException {
        zeroUpTo(size);
        file.flush();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
