package io.jimg.raw;

import io.jimg.spi.AlignedBuffers;
import io.jimg.spi.ImageWriter;
import io.jimg.spi.Zeroes;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A raw image in the making. Where the file's new bytes are zeroes already, zeroes cost nothing. Nothing in a raw file
 * tells whether it is whole but its length: a file that can grow ends short of its last block until all else is
 * written, so that what a killed process leaves is not taken for a disk.
 */
final class RawWriter implements ImageWriter {
    private static final int PIECE = 1 << 20;
    private static final int BUFFER_ALIGNMENT = 4096;
    private static final int BLOCK = 4096;

    private final Storage file;
    private final long size;
    private final boolean zeroed;
    private final boolean reserved;
    /** Where the last block begins, which is written last; the size where the file's length is fixed. */
    private final long lastBlock;
    /** The last block's bytes where there are any, with zeroes behind them. */
    private volatile @Nullable ByteBuffer last;

    /** All before it is written or known to be zero. */
    private long guestOffset;

    private RawWriter(Storage file, long size, boolean reserved) {
        this.file = file;
        this.size = size;
        this.zeroed = file.growsWithZeroes();
        this.reserved = reserved;
        long block = Math.max(BLOCK, file.limits().requestAlignment());
        this.lastBlock = zeroed && size > 0 ? (size - 1) & -block : size;
    }

    /**
     * A writer to a file that {@link NewFile} has prepared.
     *
     * @param reserved whether space was reserved for all of it
     */
    static RawWriter begin(Storage file, long size, boolean reserved) throws IOException {
        RawWriter writer = new RawWriter(file, size, reserved);
        if (writer.lastBlock < size) {
            file.truncate(reserved ? writer.lastBlock : Math.min(writer.lastBlock, BLOCK));
        }
        return writer;
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

    /** Writes what lies before the last block, and keeps what lies in it. */
    private void write(ByteBuffer source, long offset) throws IOException {
        int before = (int) Math.max(0, Math.min(source.remaining(), lastBlock - offset));
        if (before > 0) {
            file.write(source.slice(source.position(), before), offset);
        }
        if (before < source.remaining()) {
            ByteBuffer kept = lastBytes();
            ByteBuffer rest = source.slice(source.position() + before, source.remaining() - before);
            kept.slice((int) (offset + before - lastBlock), rest.remaining()).put(rest);
        }
    }

    private synchronized ByteBuffer lastBytes() {
        ByteBuffer kept = last;
        if (kept == null) {
            kept = AlignedBuffers.allocate((int) (size - lastBlock), BUFFER_ALIGNMENT);
            last = kept;
        }
        return kept;
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
            long before = Math.max(0, Math.min(length, lastBlock - offset));
            if (before == 0 || file.copyFrom(source, hostOffset, offset, before) == Outcome.UNSUPPORTED) {
                before = 0;
            }
            copyByHand(offset + before, source, hostOffset + before, length - before);
        };
    }

    private void copyByHand(long offset, Storage source, long hostOffset, long length) throws IOException {
        if (length == 0) {
            return;
        }
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
        if (lastBlock < size) {
            ByteBuffer kept = reserved ? lastBytes() : last;
            if (kept != null) {
                file.write(kept.duplicate(), lastBlock);
            }
            file.truncate(size);
        }
        file.flush();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
