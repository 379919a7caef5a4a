package io.jimg.ops;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A stretch of guest bytes on its way from source to target.
 *
 * @param kind what is to be done with it
 * @param guestOffset first guest byte
 * @param length guest bytes, greater than zero
 * @param bytes once they are there: the data, or the stream of a {@link Kind#COMPRESSED} or {@link Kind#STORED} piece; null for the other kinds
 */
record Piece(
        Kind kind, long guestOffset, long length, @Nullable ByteBuffer bytes) {

    /** What is to be done. */
    enum Kind {
        /** To be read, and written unless it turns out to be zero. */
        DATA,
        /** Zeroes that are to be written as if they were data. */
        FILL,
        /** Zeroes. */
        ZERO,
        /** What the target's backing file holds. */
        SKIP,
        /** Compressed runs of the source that the target takes as they are stored. */
        STORED,
        /** A run that was compressed for the target. */
        COMPRESSED
    }

    Piece(Kind kind, long guestOffset, long length) {
        this(kind, guestOffset, length, null);
    }

    /** First guest byte after it. */
    long end() {
        return guestOffset + length;
    }

    /** Whether its bytes take room in a buffer. */
    boolean takesRoom() {
        return kind == Kind.DATA || kind == Kind.FILL || kind == Kind.STORED;
    }
}
