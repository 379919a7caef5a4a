package io.jimg;

/**
 * What a device wants of its requests. All values are bytes. Callers of {@link BlockDevice} need not obey: any byte
 * range is legal there, and the device pads and splits by itself; those who obey are faster.
 *
 * @param requestAlignment offsets and lengths that need no read-modify-write: a power of two, at least 1
 * @param zeroAlignment what {@link BlockDevice#writeZeroes} can do without writing data: a power of two
 * @param discardAlignment the unit in which {@link BlockDevice#discard} frees space: a power of two
 * @param bufferAlignment alignment of a direct buffer's address that needs no copy: a power of two, at least 1
 * @param preferredTransfer the size of request at which the device is fast, a multiple of {@code requestAlignment}
 * @param largestTransfer the largest request that a driver sees in one piece, a multiple of {@code requestAlignment}
 */
public record Limits(
        int requestAlignment,
        int zeroAlignment,
        int discardAlignment,
        int bufferAlignment,
        int preferredTransfer,
        int largestTransfer) {

    /** The largest transfer unless a device says otherwise: 1 GiB. */
    public static final int DEFAULT_LARGEST_TRANSFER = 1 << 30;

    /** A device of single bytes that is fast at 64 KiB. */
    public static final Limits BYTES = new Limits(1, 1, 1, 1, 64 << 10, DEFAULT_LARGEST_TRANSFER);

    /** Checks the powers of two and the multiples. */
    public Limits {
        if (Integer.bitCount(requestAlignment) != 1
                || Integer.bitCount(zeroAlignment) != 1
                || Integer.bitCount(discardAlignment) != 1
                || Integer.bitCount(bufferAlignment) != 1
                || preferredTransfer <= 0
                || largestTransfer < requestAlignment
                || preferredTransfer % requestAlignment != 0
                || largestTransfer % requestAlignment != 0) {
            throw new IllegalArgumentException("limits that contradict each other: request " + requestAlignment
                    + ", zero " + zeroAlignment + ", discard " + discardAlignment + ", buffer " + bufferAlignment
                    + ", preferred " + preferredTransfer + ", largest " + largestTransfer);
        }
    }

    /** The same with another unit for zeroing and discarding, such as a format's cluster. */
    public Limits withCluster(int clusterSize) {
        return new Limits(
                requestAlignment,
                clusterSize,
                clusterSize,
                bufferAlignment,
                Math.max(clusterSize, preferredTransfer),
                largestTransfer);
    }
}
