package io.jimg.qcow2.mapping;

/**
 * Guest bytes with the same kind whose host bytes, where they have some, follow each other.
 *
 * @param kind what the entries say
 * @param guestOffset first guest byte
 * @param length bytes, greater than zero; a compressed run never leaves its cluster
 * @param hostOffset where the first byte lies; the first byte of the stream where compressed; {@link #NOWHERE} without
 *     a host cluster
 * @param owned whether this image alone refers to the host clusters (bit 63), so that they may be written in place
 * @param streamLimit compressed runs: bytes from {@code hostOffset} to the end of the last sector of the stream; 0
 *     otherwise
 */
public record Run(RunKind kind, long guestOffset, long length, long hostOffset, boolean owned, int streamLimit) {

    /** The host offset of what has none. */
    public static final long NOWHERE = -1;

    /** First guest byte after the run. */
    public long end() {
        return guestOffset + length;
    }

    /** Whether the bytes can be overwritten without any change of metadata. */
    public boolean writableInPlace() {
        return kind == RunKind.DATA && owned;
    }

    /** Whether {@code next} goes on where this run ends, in the guest and on the host. */
    public boolean continuedBy(Run next) {
        return kind == next.kind
                && kind != RunKind.COMPRESSED
                && owned == next.owned
                && next.guestOffset == end()
                && (hostOffset == NOWHERE ? next.hostOffset == NOWHERE : next.hostOffset == hostOffset + length);
    }

    /** This run and its continuation as one. */
    public Run join(Run next) {
        return new Run(kind, guestOffset, length + next.length, hostOffset, owned, 0);
    }

    /** At most {@code maximum} bytes from the start. */
    public Run cut(long maximum) {
        return length <= maximum ? this : new Run(kind, guestOffset, maximum, hostOffset, owned, streamLimit);
    }
}
