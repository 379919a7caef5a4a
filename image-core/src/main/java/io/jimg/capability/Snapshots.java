package io.jimg.capability;

import io.jimg.DiskImage;
import java.io.IOException;
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
}
