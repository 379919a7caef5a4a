package io.jimg.qcow2.check;

import io.jimg.storage.HostExtent;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Reads tables of the image's file, in pieces of bounded size, and leaves out what lies in holes or past the file's
 * end: it is zero. Not safe for threads.
 */
final class MetadataReader {
    private static final int PIECE = 256 << 10;

    /** Takes one 8-byte entry. */
    @FunctionalInterface
    interface EntryVisitor {
        /**
         * One entry that is not zero.
         *
         * @param hostOffset where it lies
         * @param entry big-endian in the file
         */
        void visit(long hostOffset, long entry) throws IOException;
    }

    /** Tells that work was done, and throws where it is no longer wanted. */
    @FunctionalInterface
    interface Pulse {
        /** So many entries of tables are behind. */
        void passed(long entries) throws IOException;
    }

    private final Storage file;
    private final long fileSize;
    private final Pulse pulse;

    MetadataReader(Storage file, Pulse pulse) throws IOException {
        this.file = file;
        this.fileSize = file.size();
        this.pulse = pulse;
    }

    /** The file's length in bytes. */
    long fileSize() {
        return fileSize;
    }

    /** The file's name. */
    String name() {
        return file.name();
    }

    /** Tells of progress. */
    void passed(long entries) throws IOException {
        pulse.passed(entries);
    }

    /** Whether a range is zero without a look at its bytes: it starts past the end, or lies in a hole. */
    boolean knownZero(long hostOffset, long length) throws IOException {
        if (hostOffset >= fileSize) {
            return true;
        }
        long inside = Math.min(length, fileSize - hostOffset);
        HostExtent extent = file.extentAt(hostOffset, inside);
        return extent.hole() && extent.length() >= inside;
    }

    /** Fills a fresh buffer from the file; what lies past its end is zero. */
    ByteBuffer read(long hostOffset, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        read(bytes, hostOffset);
        return bytes;
    }

    /** Fills a buffer from its position to its limit and leaves it ready to be read. */
    void read(ByteBuffer bytes, long hostOffset) throws IOException {
        int start = bytes.position();
        if (hostOffset >= 0 && hostOffset < fileSize) {
            file.read(bytes, hostOffset);
        } else {
            while (bytes.hasRemaining()) {
                bytes.put((byte) 0);
            }
        }
        bytes.position(start);
    }

    /** Visits the entries of a table that are not zero. */
    void entries(long start, long end, EntryVisitor visitor) throws IOException {
        long stop = Math.min(end, fileSize);
        ByteBuffer piece = ByteBuffer.allocate((int) Math.max(0, Math.min(PIECE, end - start)));
        for (long at = start; at < stop; ) {
            int length = (int) Math.min(PIECE, end - at);
            if (!knownZero(at, length)) {
                read(piece.clear().limit(length), at);
                for (int i = 0; i < length; i += Long.BYTES) {
                    long entry = piece.getLong(i);
                    if (entry != 0) {
                        visitor.visit(at + i, entry);
                    }
                }
            }
            pulse.passed(length / Long.BYTES);
            at += length;
        }
    }
}
