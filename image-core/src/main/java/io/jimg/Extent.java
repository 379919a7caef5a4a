package io.jimg;

import org.jspecify.annotations.Nullable;

/**
 * One run of guest bytes with the same status, and where it lies. Immutable.
 *
 * @param guestOffset first guest byte
 * @param length bytes, greater than zero
 * @param present whether a layer that was asked says anything of these bytes; false means that they come from beneath
 *     the lowest layer asked, or, when the whole chain was asked, that no layer ever wrote them (they read as zero)
 * @param data whether reading them needs host bytes; false with {@code zero} true for what is known to be zero without
 *     reading
 * @param zero whether the bytes are known to read as zero
 * @param compressed whether the bytes are stored compressed
 * @param depth how many layers down the chain the layer lies that answers: 0 for the image itself
 * @param hostOffset where the first byte lies in {@code hostFile}, or {@link #NO_HOST_OFFSET} when it is compressed,
 *     encrypted or not stored
 * @param hostFile name of the file that holds the bytes; null when there is none
 */
public record Extent(
        long guestOffset,
        long length,
        boolean present,
        boolean data,
        boolean zero,
        boolean compressed,
        int depth,
        long hostOffset,
        @Nullable String hostFile) {

    /** The value of {@link #hostOffset()} that says "nowhere". */
    public static final long NO_HOST_OFFSET = -1;

    /** Checks what holds for every extent. */
    public Extent {
        if (guestOffset < 0 || length <= 0) {
            throw new IllegalArgumentException("extent at " + guestOffset + " of " + length + " bytes");
        }
    }

    /** Plain data at a host offset. */
    public static Extent data(long guestOffset, long length, long hostOffset, @Nullable String hostFile) {
        return new Extent(guestOffset, length, true, true, false, false, 0, hostOffset, hostFile);
    }

    /** Data whose place cannot be told in one number, such as an encrypted run. */
    public static Extent opaque(long guestOffset, long length) {
        return new Extent(guestOffset, length, true, true, false, false, 0, NO_HOST_OFFSET, null);
    }

    /** A compressed run. */
    public static Extent compressed(long guestOffset, long length, @Nullable String hostFile) {
        return new Extent(guestOffset, length, true, true, false, true, 0, NO_HOST_OFFSET, hostFile);
    }

    /** Zeroes that the layer itself promises. */
    public static Extent zero(long guestOffset, long length) {
        return new Extent(guestOffset, length, true, false, true, false, 0, NO_HOST_OFFSET, null);
    }

    /** Zeroes that the layer promises and for which it keeps host space. */
    public static Extent zeroAllocated(long guestOffset, long length, long hostOffset, @Nullable String hostFile) {
        return new Extent(guestOffset, length, true, false, true, false, 0, hostOffset, hostFile);
    }

    /** Bytes of which no layer that was asked says anything; known to read as zero when {@code zero}. */
    public static Extent absent(long guestOffset, long length, boolean zero) {
        return new Extent(guestOffset, length, false, false, zero, false, 0, NO_HOST_OFFSET, null);
    }

    /** First guest byte after this extent. */
    public long end() {
        return guestOffset + length;
    }

    /** The same run, known to read as zero. */
    public Extent knownZero() {
        return new Extent(guestOffset, length, present, data, true, compressed, depth, hostOffset, hostFile);
    }

    /** The same run seen from one layer further up. */
    public Extent deeper() {
        return new Extent(guestOffset, length, present, data, zero, compressed, depth + 1, hostOffset, hostFile);
    }

    /** The same run as that of a layer so many layers down; at least 0. */
    public Extent ofLayer(int layer) {
        return new Extent(guestOffset, length, present, data, zero, compressed, layer, hostOffset, hostFile);
    }

    /** The same run cut to at most {@code maximum} bytes from its start. */
    public Extent cut(long maximum) {
        return length <= maximum
                ? this
                : new Extent(guestOffset, maximum, present, data, zero, compressed, depth, hostOffset, hostFile);
    }

    /** The same run with its guest offset shifted, for devices that are a window on another. */
    public Extent at(long newGuestOffset) {
        return new Extent(newGuestOffset, length, present, data, zero, compressed, depth, hostOffset, hostFile);
    }

    /** Whether {@code next} continues this extent with the same status, its host bytes following directly too. */
    public boolean continuedBy(Extent next) {
        return next.guestOffset == end()
                && next.present == present
                && next.data == data
                && next.zero == zero
                && next.compressed == compressed
                && next.depth == depth
                && (hostOffset == NO_HOST_OFFSET
                        ? next.hostOffset == NO_HOST_OFFSET
                        : next.hostOffset == hostOffset + length)
                && (hostFile == null ? next.hostFile == null : hostFile.equals(next.hostFile));
    }

    /** This extent and the one that continues it, as one. */
    public Extent join(Extent next) {
        return new Extent(
                guestOffset, length + next.length, present, data, zero, compressed, depth, hostOffset, hostFile);
    }
}
