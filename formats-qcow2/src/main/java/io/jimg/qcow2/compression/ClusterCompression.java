package io.jimg.qcow2.compression;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.header.CompressionType;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.zip.DataFormatException;

/**
 * Compresses and decompresses the clusters of one image. Safe for many threads: each call has a context of its own,
 * which is kept for the next call; there are as many as calls ever ran at once. No library is loaded before the first
 * call. {@link #close()} frees the contexts; no call may run then.
 */
public final class ClusterCompression implements AutoCloseable {
    /** What {@link #decode} answers where the cluster is whole but its stream goes on, so that its end is not known. */
    public static final int ENDLESS = ClusterDecoder.ENDLESS;

    private final CompressionType type;
    private final DeflateChoice choice;
    private final int clusterSize;
    private final ConcurrentLinkedDeque<ClusterDecoder> decoders = new ConcurrentLinkedDeque<>();
    private final ConcurrentLinkedDeque<ClusterEncoder> encoders = new ConcurrentLinkedDeque<>();

    /**
     * Compression of an image.
     *
     * @param choice the implementation where {@code type} is deflate
     * @param clusterSize bytes in a cluster
     */
    public ClusterCompression(CompressionType type, DeflateChoice choice, int clusterSize) {
        this.type = type;
        this.choice = choice;
        this.clusterSize = clusterSize;
    }

    /**
     * Decompresses one cluster. Whatever the bytes, no more is written than the cluster.
     *
     * @param source the stream from its position on, and any bytes after it up to the limit; neither position nor limit
     *     moves
     * @param cluster one cluster from position to limit, which are as they were afterwards
     * @return bytes that the stream takes, greater than zero, or {@link #ENDLESS}
     * @throws ImageException {@link ErrorKind#CORRUPT} where the stream does not give a whole cluster
     */
    public int decode(ByteBuffer source, ByteBuffer cluster) throws ImageException {
        if (cluster.remaining() != clusterSize) {
            throw new IllegalArgumentException("a cluster is " + clusterSize + " bytes, not " + cluster.remaining());
        }
        ClusterDecoder decoder = decoders.pollFirst();
        if (decoder == null) {
            decoder = codec().newDecoder();
        }
        try {
            int length = decoder.decode(source, cluster.duplicate());
            if (length == ClusterDecoder.CORRUPT) {
                throw new ImageException(
                        ErrorKind.CORRUPT,
                        "Input/output error",
                        new DataFormatException("the compressed cluster does not decompress to a whole cluster"));
            }
            return length;
        } finally {
            decoders.addFirst(decoder);
        }
    }

    /**
     * Compresses one cluster.
     *
     * @param cluster one cluster from position to limit, neither of which moves
     * @param stream where the stream goes, from its position, which is behind the stream afterwards
     * @return whether the stream is shorter than the cluster and fits into {@code stream}; false leaves
     *     {@code stream}'s content and position unspecified
     */
    public boolean encode(ByteBuffer cluster, ByteBuffer stream) throws ImageException {
        if (cluster.remaining() != clusterSize) {
            throw new IllegalArgumentException("a cluster is " + clusterSize + " bytes, not " + cluster.remaining());
        }
        ClusterEncoder encoder = encoders.pollFirst();
        if (encoder == null) {
            encoder = codec().newEncoder();
        }
        int limit = stream.limit();
        try {
            stream.limit(Math.min(limit, stream.position() + clusterSize - 1));
            return encoder.encode(cluster, stream);
        } finally {
            stream.limit(limit);
            encoders.addFirst(encoder);
        }
    }

    private Codec codec() throws ImageException {
        return switch (type) {
            case ZLIB -> new DeflateCodec(choice.library());
            case ZSTD -> new ZstdCodec();
        };
    }

    /** Frees the contexts. Idempotent. */
    @Override
    public void close() {
        for (ClusterDecoder decoder; (decoder = decoders.pollFirst()) != null; ) {
            decoder.close();
        }
        for (ClusterEncoder encoder; (encoder = encoders.pollFirst()) != null; ) {
            encoder.close();
        }
    }
}
