package io.jimg.qcow2.allocation;

import java.nio.ByteBuffer;

/** The only refcount block of an image whose first clusters are in use, each of them once, and no other. */
public final class FirstBlock {
    private FirstBlock() {}

    /**
     * The block's bytes.
     *
     * @param clusterSize bytes of a cluster, and so of the block
     * @param refcountOrder log2 of the refcounts' width in bits
     * @param clusters how many are in use; no more than a block counts
     */
    public static ByteBuffer bytes(int clusterSize, int refcountOrder, int clusters) {
        byte[] block = new byte[clusterSize];
        RefcountCodec codec = new RefcountCodec(refcountOrder);
        for (int i = 0; i < clusters; i++) {
            codec.set(block, i, 1);
        }
        return ByteBuffer.wrap(block);
    }
}
