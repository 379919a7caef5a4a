package io.jimg.qcow2.image;

import io.jimg.qcow2.allocation.GracePeriod;
import io.jimg.qcow2.compression.ClusterCompression;
import io.jimg.qcow2.compression.DeflateChoice;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.spi.OpenContext;
import java.io.IOException;

/**
 * What stays while an image is open, however often it is loaded anew.
 *
 * @param files what the image stands on
 * @param context how it was opened
 * @param buffers for pieces of clusters
 * @param compression the codec of its clusters
 * @param compressed reads compressed clusters
 * @param grace tells when a host cluster is out of use
 */
record Foundation(
        ImageFiles files,
        OpenContext context,
        ScratchBuffers buffers,
        ClusterCompression compression,
        CompressedReader compressed,
        GracePeriod grace)
        implements AutoCloseable {
    private static final int ASSEMBLED_LIMIT = 64 << 10;

    /** The foundation of one image. */
    static Foundation of(ImageFiles files, OpenContext context, Header header) throws IOException {
        Geometry geometry = new Geometry(header.clusterBits(), header.extendedL2(), header.refcountOrder());
        ScratchBuffers buffers = new ScratchBuffers(assembledLimit(header.clusterSize()));
        ClusterCompression compression =
                new ClusterCompression(header.compressionType(), DeflateChoice.configured(), header.clusterSize());
        CompressedReader compressed = new CompressedReader(geometry, files.file(), compression, buffers);
        return new Foundation(files, context, buffers, compression, compressed, new GracePeriod());
    }

    /** Bytes up to which data and what surrounds it are put together in memory and written at once. */
    static int assembledLimit(int clusterSize) {
        return Math.max(ASSEMBLED_LIMIT, clusterSize);
    }

    @Override
    public void close() throws IOException {
        try (ImageFiles toClose = files) {
            compression.close();
        }
    }
}
