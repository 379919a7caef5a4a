package io.jimg.copy;

import io.jimg.storage.Storage;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A stretch of guest bytes on its way from source to target.
 *
 * @param kind what is to be done with it
 * @param guestOffset first guest byte
 * @param length guest bytes, greater than zero
 * @param place where it lies in a file of the host; null but for {@link Kind#COPY}
 * @param bytes once they are there: the data, or the stream of a {@link Kind#COMPRESSED} or {@link Kind#STORED} piece;
 *     null for the other kinds
 * @param plain what the stream of a {@link Kind#STORED} piece decompresses to, once it is there; null for the other
 *     kinds
 */
record Piece(
        Kind kind,
        long guestOffset,
        long length,
        @Nullable HostPlace place,
        @Nullable ByteBuffer bytes,
        @Nullable ByteBuffer plain) {

    /** A place in a file of the host: an offset in bytes. */
    record HostPlace(Storage file, long hostOffset) {}

    /** What is to be done. */
    enum Kind {
        /** To be read, and written unless it turns out to be zero. */
        DATA,
        /** To be copied within the host. */
        COPY,
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
        this(kind, guestOffset, length, null, null, null);
    }

    Piece(Kind kind, long guestOffset, long length, ByteBuffer bytes) {
        this(kind, guestOffset, length, null, bytes, null);
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
