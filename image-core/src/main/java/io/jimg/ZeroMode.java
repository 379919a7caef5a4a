package io.jimg;

/** How {@link BlockDevice#writeZeroes} may reach its end. */
public enum ZeroMode {
    /** Space may be given back to the host: the cheapest way to zeroes. */
    MAY_UNMAP,
    /** Space that is allocated stays so. */
    KEEP_ALLOCATED,
    /** As {@link #MAY_UNMAP}, but throw {@link ErrorKind#UNSUPPORTED} rather than write data. */
    ONLY_IF_FAST,
    /**
     * As {@link #MAY_UNMAP}, but an overlay says by itself that there are zeroes, even where it shows zeroes anyway
     * because its backing file has ended or it has none: for one whose backing file is about to change.
     */
    EXPLICIT
}
