package io.jimg.spi;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Zeroes as data, for whatever has no cheaper way. */
public final class Zeroes {
    private static final int CHUNK = 1 << 20;

    private Zeroes() {}

    /** Takes one piece of zeroes. */
    @FunctionalInterface
    public interface Sink {
        /**
         * Writes a piece.
         *
         * @param zeroes the piece, to be consumed
         * @param at bytes that went before
         */
        void accept(ByteBuffer zeroes, long at) throws IOException;
    }

    /** Hands {@code length} zero bytes to a sink in pieces of at most 1 MiB. */
    public static void write(long length, Sink sink) throws IOException {
        ByteBuffer chunk = AlignedBuffers.allocate((int) Math.min(CHUNK, length), 4096);
        for (long at = 0; at < length; at += CHUNK) {
            sink.accept(chunk.clear().limit((int) Math.min(chunk.capacity(), length - at)), at);
        }
    }
}
