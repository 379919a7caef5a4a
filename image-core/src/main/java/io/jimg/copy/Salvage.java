package io.jimg.copy;

import io.jimg.BlockDevice;
import io.jimg.Extent;
import io.jimg.ImageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** Reads what can be read of a range, sector by sector, and zeroes for the rest. Safe for many threads. */
final class Salvage {
    private static final int SECTOR = 512;

    private final Consumer<ImageException> listener;
    private final AtomicLong lost = new AtomicLong();

    /** Where sectors of unknown status have not been told yet. Guarded by the listener. */
    private long unknownTold;

    /** Tells {@code listener} of each sector that is lost. */
    Salvage(Consumer<ImageException> listener) {
        this.listener = listener;
    }

    /** Fills {@code destination} as far as possible. */
    void read(BlockDevice source, ByteBuffer destination, long guestOffset) {
        while (destination.hasRemaining()) {
            int start = destination.position();
            int length = Math.min(SECTOR, destination.remaining());
            try {
                source.read(destination.slice(start, length), guestOffset + start);
            } catch (IOException unreadable) {
                lose(destination.slice(start, length), guestOffset + start, ImageException.wrap(unreadable));
            }
            destination.position(start + length);
        }
    }

    private void lose(ByteBuffer sector, long guestOffset, ImageException why) {
        lost.addAndGet(sector.remaining());
        synchronized (listener) {
            listener.accept(why.prefixed("error while reading offset " + guestOffset + ": "));
        }
        while (sector.hasRemaining()) {
            sector.put((byte) 0);
        }
    }

    /**
     * What is taken of a source that does not know its status: that the next sector holds data. Each such sector is
     * told once, though a source may be walked twice.
     *
     * @param size of the source
     */
    Extent unknown(long guestOffset, long size, ImageException why) {
        synchronized (listener) {
            if (guestOffset >= unknownTold) {
                listener.accept(why.prefixed("error while reading block status at offset " + guestOffset + ": "));
                unknownTold = guestOffset + 1;
            }
        }
        return Extent.opaque(guestOffset, Math.min(SECTOR - guestOffset % SECTOR, size - guestOffset));
    }

    /** Bytes that could not be read so far. */
    long lostBytes() {
        return lost.get();
    }
}
