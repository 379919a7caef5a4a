package io.jimg.qcow2.create;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.compression.ClusterCompression;
import io.jimg.qcow2.compression.DeflateChoice;
import io.jimg.spi.ImageWriter;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * An image that is written forwards: clusters are appended in guest order, each L2 table and refcount block is written
 * once, and the header comes last, so that what was not finished is no image. Memory is an L1 table, an L2 table and a
 * refcount block or two.
 *
 * <p>The bytes depend on the guest's content alone, not on how a run of it is cut into calls.
 */
final class Qcow2Writer implements ImageWriter {
    private final NewImage image;
    private final ClusterCompression compression;

    Qcow2Writer(NewImage image, DeflateChoice deflate) {
        this.image = image;
        this.compression = new ClusterCompression(
                image.plan().compression(), deflate, image.geometry().clusterSize());
    }

    @Override
    public int alignment() {
        return image.geometry().subclusterSize();
    }

    @Override
    public int runLength() {
        return image.geometry().clusterSize();
    }

    @Override
    public boolean accepts(String codec, int runLength) {
        return image.plan().dataFile() == null
                && image.plan().compression().codec().equals(codec)
                && runLength == image.geometry().clusterSize();
    }

    @Override
    public Placement data(long guestOffset, ByteBuffer source) throws IOException {
        int length = source.remaining();
        if (length == 0) {
            return Placement.NONE;
        }
        ByteBuffer bytes = source.slice();
        source.position(source.limit());
        List<Piece> pieces = image.mapData(guestOffset, length);
        long end = guestOffset + length;
        Placement placement;
        if (pieces.size() == 1) {
            Piece piece = pieces.get(0);
            placement = () -> image.guestData().write(bytes, piece.hostOffset(), guestOffset);
        } else {
            placement = () -> writePieces(bytes, pieces, guestOffset);
        }
        long padding = -end & (image.geometry().subclusterSize() - 1);
        if (padding == 0
                || (image.data().growsWithZeroes() && !image.guestData().encrypted())) {
            return placement;
        }
        Piece last = pieces.get(pieces.size() - 1);
        return () -> {
            placement.write();
            image.writeZeroes(last.hostOffset() + last.length(), end, padding);
        };
    }

    private void writePieces(ByteBuffer bytes, List<Piece> pieces, long guestOffset) throws IOException {
        int at = 0;
        for (Piece piece : pieces) {
            int length = (int) piece.length();
            image.guestData().write(bytes.slice(at, length), piece.hostOffset(), guestOffset + at);
            at += length;
        }
    }

    @Override
    public void zero(long guestOffset, long length) throws IOException {
        image.mapZero(guestOffset, length);
    }

    @Override
    public boolean compress(ByteBuffer source, ByteBuffer destination) throws IOException {
        int clusterSize = image.geometry().clusterSize();
        if (source.remaining() == clusterSize) {
            return compression.encode(source, destination);
        }
        // The disk's last cluster is compressed with zeroes behind its end.
        ByteBuffer whole = ByteBuffer.allocateDirect(clusterSize);
        whole.put(source.duplicate()).clear();
        return compression.encode(whole, destination);
    }

    @Override
    public Placement compressed(long guestOffset, ByteBuffer stream) throws IOException {
        if (image.plan().dataFile() != null) {
            throw new ImageException(ErrorKind.UNSUPPORTED, "Operation not supported");
        }
        ByteBuffer bytes = stream.slice();
        stream.position(stream.limit());
        long host = image.mapCompressed(guestOffset, bytes.remaining());
        return () -> image.file().write(bytes, host);
    }

    @Override
    public void finish() throws IOException {
        image.finish();
    }

    @Override
    public void close() throws IOException {
        Storage file = image.file();
        try (file;
                compression) {
            image.close();
        }
    }
}
