package io.jimg;

/**
 * What an image may cost whoever opens it. An image that would cost more is refused with {@link ErrorKind#LIMIT},
 * before anything is allocated or done for it. Immutable.
 *
 * @param virtualSize the largest guest size in bytes: what reading, mapping and hashing a whole disk are linear in
 * @param metadataSize bytes of tables of one image that are kept in memory for as long as it is open: the L1 table and
 *     the refcount table of a qcow2, a grain directory and a descriptor of a VMDK
 * @param chainDepth how many images a chain has at most, the one that the caller named included
 * @param runSize bytes that one compressed run, a cluster or a grain, becomes
 * @param keyIterations iterations of PBKDF2 that may be asked for to try one passphrase on all key slots of a volume
 * @param formatStated whether the format of each image must be stated, by the caller or by the image above it, instead
 *     of being found by content
 */
public record OpenLimits(
        long virtualSize, long metadataSize, int chainDepth, int runSize, long keyIterations, boolean formatStated) {

    private static final long TIB = 1L << 40;

    /** No limits but those that always hold, which are QEMU's or keep one image from exhausting the heap. */
    public static final OpenLimits NONE =
            new OpenLimits(Long.MAX_VALUE, Long.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE, Long.MAX_VALUE, false);

    /**
     * For images from strangers: 16 TiB of guest, 16 MiB of tables, 16 images in a chain, 2 MiB a compressed run,
     * 48,000,000 iterations, format stated. Every image of up to 16 TiB that qemu-img makes by its defaults fits.
     */
    public static final OpenLimits UNTRUSTED = new OpenLimits(16 * TIB, 16L << 20, 16, 2 << 20, 48_000_000L, true);

    /** Checks that no limit is negative. */
    public OpenLimits {
        if (virtualSize < 0 || metadataSize < 0 || chainDepth < 1 || runSize < 1 || keyIterations < 0) {
            throw new IllegalArgumentException("a limit is negative, or lets nothing through");
        }
    }

    /** With another largest guest size. */
    public OpenLimits withVirtualSize(long bytes) {
        return new OpenLimits(bytes, metadataSize, chainDepth, runSize, keyIterations, formatStated);
    }

    /** With more or less room for tables. */
    public OpenLimits withMetadataSize(long bytes) {
        return new OpenLimits(virtualSize, bytes, chainDepth, runSize, keyIterations, formatStated);
    }

    /** With longer or shorter chains. */
    public OpenLimits withChainDepth(int images) {
        return new OpenLimits(virtualSize, metadataSize, images, runSize, keyIterations, formatStated);
    }

    /** With larger or smaller compressed runs. */
    public OpenLimits withRunSize(int bytes) {
        return new OpenLimits(virtualSize, metadataSize, chainDepth, bytes, keyIterations, formatStated);
    }

    /** With more or less work to try a passphrase. */
    public OpenLimits withKeyIterations(long iterations) {
        return new OpenLimits(virtualSize, metadataSize, chainDepth, runSize, iterations, formatStated);
    }

    /** With formats that must be stated, or may be found by content. */
    public OpenLimits withFormatStated(boolean must) {
        return new OpenLimits(virtualSize, metadataSize, chainDepth, runSize, keyIterations, must);
    }

    /**
     * Refuses an image whose guest is too large.
     *
     * @param name the image's
     * @throws ImageException {@link ErrorKind#LIMIT}
     */
    public void checkVirtualSize(long bytes, String name) throws ImageException {
        check("The disk", "bytes", bytes, virtualSize, name);
    }

    /**
     * Refuses an image whose tables are too large.
     *
     * @param name the image's
     * @throws ImageException {@link ErrorKind#LIMIT}
     */
    public void checkMetadata(long bytes, String name) throws ImageException {
        check("The image's tables", "bytes", bytes, metadataSize, name);
    }

    /**
     * Refuses an image whose compressed runs become too large.
     *
     * @param name the image's
     * @throws ImageException {@link ErrorKind#LIMIT}
     */
    public void checkRun(long bytes, String name) throws ImageException {
        check("A compressed run", "bytes", bytes, runSize, name);
    }

    /**
     * Refuses a volume whose keys cost too much work.
     *
     * @param name the image's
     * @throws ImageException {@link ErrorKind#LIMIT}
     */
    public void checkKeyIterations(long iterations, String name) throws ImageException {
        check("Unlocking the volume", "iterations of PBKDF2", iterations, keyIterations, name);
    }

    private static void check(String what, String unit, long value, long limit, String name) throws ImageException {
        if (value < 0 || value > limit) {
            throw new ImageException(
                    ErrorKind.LIMIT,
                    what + " takes " + Long.toUnsignedString(value) + " " + unit + ", more than the " + limit
                            + " that are allowed",
                    name,
                    ImageException.NO_OFFSET,
                    null);
        }
    }
}
