package io.jimg.ops;

import io.jimg.BlockDevice;
import io.jimg.ImageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** Reads what can be read of a range, sector by sector, and zeroes for the rest. Safe for many threads. */
final class Salvage {
    private static final int SECTOR = 512;

    private final Consumer<String> listener;
    private final AtomicLong lost = new AtomicLong();

    /** Tells {@code listener} a sentence for each sector that is lost. */
    Salvage(Consumer<String> listener) {
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
            listener.accept("error while reading offset " + guestOffset + ": " + why.getMessage());
        }
        while (sector.hasRemaining()) {
            sector.put((byte) 0);
        }
    }

    /** Bytes that could not be read so far. */
    long lostBytes() {
        return lost.get();
    }
}
