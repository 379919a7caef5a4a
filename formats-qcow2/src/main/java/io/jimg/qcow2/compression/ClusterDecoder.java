package io.jimg.qcow2.compression;

import java.nio.ByteBuffer;

/** Decompresses clusters, for one thread at a time. */
interface ClusterDecoder extends AutoCloseable {

    /** What {@link #decode} answers where the stream did not decompress to a whole cluster. */
    int CORRUPT = -1;

    /** What {@link #decode} answers where the cluster is whole but the stream goes on: its end is not known. */
    int ENDLESS = 0;

    /**
     * Fills a cluster.
     *
     * @param source the stream from its position on, and any bytes after it; neither position nor limit moves
     * @param cluster is filled from its position to its limit; its position afterwards is unspecified
     * @return bytes that the stream takes, {@link #ENDLESS} or {@link #CORRUPT}
     */
    int decode(ByteBuffer source, ByteBuffer cluster);

    @Override
    void close();
}
