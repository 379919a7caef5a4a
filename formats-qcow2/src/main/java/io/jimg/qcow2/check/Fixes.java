package io.jimg.qcow2.check;

import io.jimg.capability.Repairable;
import io.jimg.qcow2.header.Header;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What a pass over the metadata may put right, and how it writes it. An entry of an L2 table is written only where the table lies on no other metadata: a damaged
 * image may take its refcount table for an L2 table. Not safe for threads.
 */
final class Fixes {
    /** Nothing: a check. */
    static final Fixes NONE = new Fixes(null, null, null);

    private final @Nullable Storage file;
    private final Repairable.@Nullable Mode mode;
    private final @Nullable MetadataPlaces places;
    private boolean wrote;

    private Fixes(@Nullable Storage file, Repairable.@Nullable Mode mode, @Nullable MetadataPlaces places) {
        this.file = file;
        this.mode = mode;
        this.places = places;
    }

    /**
     * What a repair of a mode may put right.
     *
     * @param file the image's file, writable
     * @param places where other metadata than L2 tables lies
     */
    static Fixes of(Storage file, Repairable.Mode mode, MetadataPlaces places) {
        return new Fixes(file, mode, places);
    }

    /** Whether leaked clusters may be given back. */
    boolean leaks() {
        return mode != null;
    }

    /** Whether errors may be put right. */
    boolean errors() {
        return mode == Repairable.Mode.ALL;
    }

    /** Whether anything was written. */
    boolean wrote() {
        return wrote;
    }

    /** Whether entries of an L2 table may be written. */
    boolean mayWriteTable(Header header, long tableOffset) {
        return places != null && !places.overlap(tableOffset, header.clusterSize());
    }

    /** Whether entries of the active L1 table may be written. */
    boolean mayWriteActive() {
        return places != null && places.activeAlone();
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
