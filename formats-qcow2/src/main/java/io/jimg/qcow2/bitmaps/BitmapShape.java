package io.jimg.qcow2.bitmaps;

import io.jimg.qcow2.header.BitmapDirectory;
import io.jimg.qcow2.header.Header;

/**
 * The measures of a bitmap, from which every index is computed (specification: "Bitmap data").
 *
 * @param size guest bytes
 * @param clusterBits log2 of the cluster size
 * @param granularityBits log2 of the guest bytes that a bit stands for
 */
record BitmapShape(long size, int clusterBits, int granularityBits) {

    static BitmapShape of(Header header, BitmapDirectory.Entry entry) {
        return new BitmapShape(header.size(), header.clusterBits(), entry.granularityBits());
    }

    int clusterSize() {
        return 1 << clusterBits;
    }

    long granularity() {
        return 1L << granularityBits;
    }

    /** Bytes of all bits. */
    long bytes() {
        return (BitmapDirectory.bits(size, granularityBits) + Byte.SIZE - 1) / Byte.SIZE;
    }

    /** Clusters that hold the bits, and entries that the table needs. */
    long clusters() {
        return (bytes() + clusterSize() - 1) >>> clusterBits;
    }

    /** Guest bytes that the bits of one cluster stand for. */
    long coverage() {
        return (long) clusterSize() * Byte.SIZE << granularityBits;
    }

    /** Which cluster of bits stands for a guest offset. */
    int cluster(long guestOffset) {
        return (int) (guestOffset / coverage());
    }

    /** First guest offset of a cluster of bits. */
    long start(int cluster) {
        return cluster * coverage();
    }

    /** First guest offset behind a cluster of bits. */
    long end(int cluster) {
        return Math.min(size, start(cluster) + coverage());
    }

    /** Which bit in its cluster stands for a guest offset. */
    int bit(long guestOffset) {
        return (int) ((guestOffset % coverage()) >>> granularityBits);
    }
}
