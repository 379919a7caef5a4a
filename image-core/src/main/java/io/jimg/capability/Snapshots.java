package io.jimg.capability;

import io.jimg.DiskImage;
import java.io.IOException;
import java.time.Instant;
import java.util.List;

/** Internal snapshots of an image. */
public interface Snapshots {

    /**
     * One snapshot.
     *
     * @param id the unique id, decimal digits as a rule
     * @param name the name; may be empty
     * @param vmStateSize bytes of saved machine state, 0 for none
     * @param seconds when it was made, in seconds since 1970
     * @param nanoseconds and nanoseconds
     * @param vmClockNanoseconds the guest's clock
     * @param icount the guest's instruction counter, -1 for none
     * @param diskSize the guest's size at that time in bytes
     */
    record Snapshot(
            String id,
            String name,
            long vmStateSize,
            long seconds,
            int nanoseconds,
            long vmClockNanoseconds,
            long icount,
            long diskSize) {}

    /** All snapshots in the image's order. */
    List<Snapshot> list() throws IOException;

    /**
     * A snapshot as a read-only image of its own. It shares this image's files and must be closed before it.
     *
     * @param idOrName an id, or else a name
     * @throws io.jimg.ImageException {@link io.jimg.ErrorKind#NOT_FOUND}
     */
    DiskImage open(String idOrName) throws IOException;

    /**
     * Makes a snapshot of the disk as it is now, flushed or not. Requests wait meanwhile.
     *
     * @param name at most 255 bytes in UTF-8; it may be empty, and another snapshot's
     * @param when the time that the snapshot tells
     * @return the snapshot with its new id
     * @throws io.jimg.ImageException {@link io.jimg.ErrorKind#READ_ONLY}; {@link io.jimg.ErrorKind#LIMIT} where there
     *     are as many as there can be, or where a refcount cannot count one more reference;
     *     {@link io.jimg.ErrorKind#UNSUPPORTED} with an external data file; nothing was changed then
     */
    Snapshot create(String name, Instant when) throws IOException;

    /** Makes a snapshot that tells the present time. */
    default Snapshot create(String name) throws IOException {
        return create(name, Instant.now());
    }

    /**
     * Makes the disk what a snapshot holds, which may be of another size; what the disk held is lost, and the snapshot
     * stays. Requests wait meanwhile.
     *
     * @param idOrName an id, or else a name
     * @return the snapshot
     * @throws io.jimg.ImageException {@link io.jimg.ErrorKind#NOT_FOUND}, or as {@link #create}
     */
    Snapshot apply(String idOrName) throws IOException;

    /**
     * Deletes a snapshot. Requests wait meanwhile.
     *
     * @param idOrName an id, or else a name
     * @return the snapshot that was
     * @throws io.jimg.ImageException {@link io.jimg.ErrorKind#NOT_FOUND}; {@link io.jimg.ErrorKind#LOCKED} while an
     *     image that {@link #open} gave of it is open
     */
    Snapshot delete(String idOrName) throws IOException;
}
