package io.jimg.qcow2.image;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.compression.ClusterCompression;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.qcow2.mapping.Run;
import io.jimg.storage.Storage;
import io.jimg.storage.StorageEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Reads compressed clusters, and keeps the last few that were asked for in pieces: many small reads in a row decode a
 * cluster once.
 *
 * <p>What is kept is known by guest cluster and place of the stream. The place may be given to another stream only
 * after {@link #forget()}, which whoever frees clusters calls.
 */
final class CompressedReader {
    private static final int KEPT_BYTES = 1 << 20;
    private static final int MAXIMUM_KEPT = 16;

    private record Decoded(long guestCluster, long streamOffset, int streamLimit, ByteBuffer plain) {}

    private final Geometry geometry;
    private final Storage file;
    private final ClusterCompression codec;
    private final ScratchBuffers buffers;
    private final AtomicReferenceArray<@Nullable Decoded> kept;

    CompressedReader(Geometry geometry, Storage file, ClusterCompression codec, ScratchBuffers buffers) {
        this.geometry = geometry;
        this.file = file;
        this.codec = codec;
        this.buffers = buffers;
        this.kept =
                new AtomicReferenceArray<>(Math.max(2, Math.min(MAXIMUM_KEPT, KEPT_BYTES >> geometry.clusterBits())));
    }

    /** Fills {@code destination}, at most what is left of the cluster, from a compressed run. */
    void read(ByteBuffer destination, Run run) throws IOException {
        int from = geometry.inCluster(run.guestOffset());
        int length = destination.remaining();
        if (length == geometry.clusterSize()) {
            decode(run, destination);
            destination.position(destination.limit());
            return;
        }
        long cluster = run.guestOffset() >>> geometry.clusterBits();
        int slot = (int) (cluster % kept.length());
        Decoded decoded = kept.get(slot);
        if (decoded == null
                || decoded.guestCluster != cluster
                || decoded.streamOffset != run.hostOffset()
                || decoded.streamLimit != run.streamLimit()) {
            ByteBuffer plain = ByteBuffer.allocate(geometry.clusterSize());
            decode(run, plain);
            decoded = new Decoded(cluster, run.hostOffset(), run.streamLimit(), plain);
            kept.set(slot, decoded);
        }
        destination.put(decoded.plain.duplicate().position(from).limit(from + length));
    }

    /**
     * Decodes a run and gives its stream.
     *
     * @param plain has a cluster of bytes from position to limit, which is filled
     * @param stream gets the stream's bytes from its position, and nothing after them; must have room for a cluster
     * @return false, with both unspecified, where the stream has no end or would not fit, so that it cannot be carried
     *     elsewhere
     */
    boolean readStream(Run run, ByteBuffer plain, ByteBuffer stream) throws IOException {
        ByteBuffer stored = buffers.take(run.streamLimit());
        try {
            file.about(StorageEvent.READ_COMPRESSED);
            file.read(stored, run.hostOffset());
            int length = decode(run, stored.flip(), plain);
            if (length == ClusterCompression.ENDLESS || length > stream.remaining()) {
                return false;
            }
            stream.put(stored.limit(length));
            plain.position(plain.limit());
            return true;
        } finally {
            buffers.give(stored);
        }
    }

    /** Drops all that is kept. */
    void forget() {
        for (int i = 0; i < kept.length(); i++) {
            kept.set(i, null);
        }
    }

    private void decode(Run run, ByteBuffer plain) throws IOException {
        ByteBuffer stored = buffers.take(run.streamLimit());
        try {
            file.about(StorageEvent.READ_COMPRESSED);
            file.read(stored, run.hostOffset());
            decode(run, stored.flip(), plain);
        } finally {
            buffers.give(stored);
        }
    }

    private int decode(Run run, ByteBuffer stored, ByteBuffer plain) throws IOException {
        try {
            return codec.decode(stored, plain);
        } catch (ImageException failure) {
            throw new ImageException(ErrorKind.CORRUPT, failure.getMessage(), file.name(), run.hostOffset(), failure);
        }
    }
}
