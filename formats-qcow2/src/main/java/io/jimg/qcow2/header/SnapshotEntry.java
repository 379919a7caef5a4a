package io.jimg.qcow2.header;

import io.jimg.capability.Snapshots;

/**
 * An entry of the snapshot table (specification: "Snapshots").
 *
 * @param l1TableOffset host offset of the snapshot's L1 table, as stored: unchecked
 * @param l1Size entries in that table, as stored: unchecked
 * @param id the unique id
 * @param name the name
 * @param seconds when it was made, in seconds since 1970
 * @param nanoseconds and nanoseconds
 * @param vmClockNanoseconds the guest's clock
 * @param vmStateSize bytes of machine state
 * @param diskSize guest bytes; the image's own size where the entry does not say
 * @param icount the guest's instruction counter; -1 for none
 * @param tableOffset bytes from the table's start to this entry
 * @param storedLength bytes that the entry takes in the table, padding included
 * @param extraDataLength bytes of extra data, those that are unknown included
 */
public record SnapshotEntry(
        long l1TableOffset,
        long l1Size,
        String id,
        String name,
        long seconds,
        int nanoseconds,
        long vmClockNanoseconds,
        long vmStateSize,
        long diskSize,
        long icount,
        int tableOffset,
        int storedLength,
        int extraDataLength) {

    /** What a user sees of it. */
    public Snapshots.Snapshot view() {
        return new Snapshots.Snapshot(
                id, name, vmStateSize, seconds, nanoseconds, vmClockNanoseconds, icount, diskSize);
    }
}
