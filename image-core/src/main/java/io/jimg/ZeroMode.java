package io.jimg;

/** How {@link BlockDevice#writeZeroes} may reach its end. */
public enum ZeroMode {
    /** Space may be given back to the host: the cheapest way to zeroes. */
    MAY_UNMAP,
    /** Space that is allocated stays so. */
    KEEP_ALLOCATED,
    /** As {@link #MAY_UNMAP}, but throw {@link ErrorKind#UNSUPPORTED} rather than write data. */
    ONLY_IF_FAST
}
