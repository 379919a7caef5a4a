package io.jimg.qcow2.mapping;

/** What an L2 entry, and its bitmap where entries are extended, says of guest bytes. */
public enum RunKind {
    /** No host cluster: the backing file's bytes, or zeroes. */
    UNALLOCATED,
    /** The cluster has a host cluster, but these subclusters of it are the backing file's (extended entries only). */
    UNALLOCATED_RESERVED,
    /** Zeroes, without a host cluster. */
    ZERO,
    /** Zeroes, and a host cluster that is not read. */
    ZERO_RESERVED,
    /** Data in a host cluster. */
    DATA,
    /** A compressed cluster. */
    COMPRESSED;

    /** Whether the run has a place on the host that its bytes can be written to. */
    public boolean hasHost() {
        return this == DATA || this == ZERO_RESERVED || this == UNALLOCATED_RESERVED;
    }

    /** Whether the bytes are the backing file's. */
    public boolean showsBacking() {
        return this == UNALLOCATED || this == UNALLOCATED_RESERVED;
    }

    /** Whether the bytes are zero whatever the backing file holds. */
    public boolean isZero() {
        return this == ZERO || this == ZERO_RESERVED;
    }
}
