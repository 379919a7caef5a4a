package io.jimg.qcow2.compression;

import java.nio.ByteBuffer;

/** Compresses clusters, for one thread at a time. */
interface ClusterEncoder extends AutoCloseable {

    /**
     * Compresses a cluster if the stream fits.
     *
     * @param cluster from its position to its limit; neither moves
     * @param stream where the stream goes, from its position to its limit; the position is behind the stream if it fits
     * @return whether it fits
     */
    boolean encode(ByteBuffer cluster, ByteBuffer stream);

    @Override
    void close();
}
