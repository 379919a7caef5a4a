package io.jimg.qcow2.check;

import io.jimg.capability.Repairable;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** What a pass over the metadata may put right, and how it writes it. Not safe for threads. */
final class Fixes {
    /** Nothing: a check. */
    static final Fixes NONE = new Fixes(null, null);

    private final @Nullable Storage file;
    private final Repairable.@Nullable Mode mode;
    private boolean wrote;

    private Fixes(@Nullable Storage file, Repairable.@Nullable Mode mode) {
        this.file = file;
        this.mode = mode;
    }

    /**
     * What a repair of a mode may put right.
     *
     * @param file the image's file, writable
     */
    static Fixes of(Storage file, Repairable.Mode mode) {
        return new Fixes(file, mode);
    }

    /** Writes what it is told to. */
    static Fixes writing(Storage file) {
        return new Fixes(file, Repairable.Mode.ALL);
    }

    /** Whether leaked clusters may be given back. */
    boolean leaks() {
        return mode != null;
    }

    /** Whether errors may be put right. */
    boolean errors() {
        return mode == Repairable.Mode.ALL;
    }

    /** Writes one entry of a table, which no power loss tears. */
    void entry(long hostOffset, long value) throws IOException {
        write(ByteBuffer.allocate(Long.BYTES).putLong(0, value), hostOffset);
    }

    /** Writes bytes from the buffer's position to its limit. */
    void write(ByteBuffer bytes, long hostOffset) throws IOException {
        storage().write(bytes, hostOffset);
        wrote = true;
    }

    /** Makes durable what was written. */
    void flush() throws IOException {
        if (wrote) {
            storage().flush();
        }
    }

    private Storage storage() {
        if (file == null) {
            throw new IllegalStateException("a check writes nothing");
        }
        return file;
    }
}
