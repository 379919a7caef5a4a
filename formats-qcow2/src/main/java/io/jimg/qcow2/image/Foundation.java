package io.jimg.qcow2.image;

import io.jimg.Limits;
import io.jimg.crypto.SectorCipher;
import io.jimg.qcow2.allocation.GracePeriod;
import io.jimg.qcow2.compression.ClusterCompression;
import io.jimg.qcow2.compression.DeflateChoice;
import io.jimg.qcow2.encryption.GuestData;
import io.jimg.qcow2.encryption.ImageCipher;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.spi.OpenContext;
import io.jimg.storage.Storage;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What stays while an image is open, however often it is loaded anew.
 *
 * @param files what the image stands on
 * @param context how it was opened
 * @param buffers for pieces of clusters
 * @param compression the codec of its clusters
 * @param compressed reads compressed clusters
 * @param grace tells when a host cluster is out of use
 * @param cipher the key of encrypted guest data; null where it is not encrypted, or will not be read
 */
record Foundation(
        ImageFiles files,
        OpenContext context,
        ScratchBuffers buffers,
        ClusterCompression compression,
        CompressedReader compressed,
        GracePeriod grace,
        @Nullable ImageCipher cipher)
        implements AutoCloseable {
    private static final int ASSEMBLED_LIMIT = 64 << 10;

    /** Encryption is by sectors. */
    private static final Limits SECTORS = new Limits(
            SectorCipher.SECTOR,
            SectorCipher.SECTOR,
            SectorCipher.SECTOR,
            1,
            Limits.BYTES.preferredTransfer(),
            Limits.DEFAULT_LARGEST_TRANSFER);

    /** The foundation of one image. */
    static Foundation of(ImageFiles files, OpenContext context, Header header, @Nullable ImageCipher cipher)
            throws IOException {
        Geometry geometry = new Geometry(header.clusterBits(), header.extendedL2(), header.refcountOrder());
        ScratchBuffers buffers = new ScratchBuffers(assembledLimit(header.clusterSize()));
        ClusterCompression compression =
                new ClusterCompression(header.compressionType(), DeflateChoice.configured(), header.clusterSize());
        CompressedReader compressed = new CompressedReader(geometry, files.file(), compression, buffers);
        return new Foundation(files, context, buffers, compression, compressed, new GracePeriod(), cipher);
    }

    /** The way of guest data to the storage that holds it. */
    GuestData guestData(Storage data) {
        return GuestData.of(data, cipher);
    }

    /** What requests to the image should be like. */
    Limits limits(int clusterSize) {
        return (cipher == null ? Limits.BYTES : SECTORS).withCluster(clusterSize);
    }

    /** Bytes up to which data and what surrounds it are put together in memory and written at once. */
    static int assembledLimit(int clusterSize) {
        return Math.max(ASSEMBLED_LIMIT, clusterSize);
    }

    @Override
    public void close() throws IOException {
        try (ImageFiles toClose = files) {
            compression.close();
            if (cipher != null) {
                cipher.close();
            }
        }
    }
}
