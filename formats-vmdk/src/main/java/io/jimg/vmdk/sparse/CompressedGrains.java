package io.jimg.vmdk.sparse;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Reads compressed grains ("Virtual Disk Format 1.1", Stream-Optimized Compressed Sparse Extents), and keeps the last
 * few that were asked for in pieces. A grain at a place never changes. Safe for many threads.
 */
final class CompressedGrains {
    /** Bytes of a grain's marker: the guest's sector, and the size of the stream. */
    static final int MARKER = 12;

    private static final int SECTOR = 512;
    private static final int KEPT_BYTES = 1 << 20;
    private static final int MOST_KEPT = 16;

    private record Plain(long hostOffset, ByteBuffer bytes) {}

    private final Storage file;
    private final GrainCodec codec;
    private final int grainSize;
    private final boolean markers;
    private final ConcurrentLinkedDeque<ByteBuffer> buffers = new ConcurrentLinkedDeque<>();
    private final AtomicReferenceArray<@Nullable Plain> kept;

    CompressedGrains(Storage file, GrainCodec codec, int grainSize, boolean markers) {
        this.file = file;
        this.codec = codec;
        this.grainSize = grainSize;
        this.markers = markers;
        this.kept = new AtomicReferenceArray<>(Math.max(2, Math.min(MOST_KEPT, KEPT_BYTES / grainSize)));
    }

    /**
     * Fills a buffer from one grain.
     *
     * @param grain its number
     * @param within first byte of the grain that is wanted
     * @param needed bytes of the grain that lie inside the extent; no stream may hold fewer
     */
    void read(ByteBuffer destination, long grain, long hostOffset, int within, int needed) throws IOException {
        if (within == 0 && destination.remaining() == grainSize) {
            decode(grain, hostOffset, needed, destination, null);
            return;
        }
        int slot = (int) (grain % kept.length());
        Plain plain = kept.get(slot);
        if (plain == null || plain.hostOffset != hostOffset) {
            ByteBuffer bytes = ByteBuffer.allocate(grainSize);
            decode(grain, hostOffset, needed, bytes, null);
            plain = new Plain(hostOffset, bytes);
            kept.set(slot, plain);
        }
        destination.put(plain.bytes.slice(within, destination.remaining()));
    }

    /**
     * Decodes a grain and gives its raw deflate stream.
     *
     * @return false where the stream has no place in {@code raw}, or is shorter than a whole grain, so that it stands
     *     for other bytes elsewhere
     */
    boolean readStream(long grain, long hostOffset, ByteBuffer plain, ByteBuffer raw) throws IOException {
        return decode(grain, hostOffset, 0, plain, raw) == grainSize;
    }

    /**
     * Decodes a whole grain, zeroes behind what the stream holds; gives how much it holds, or -1 where {@code raw} has
     * no room.
     */
    private int decode(long grain, long hostOffset, int needed, ByteBuffer plain, @Nullable ByteBuffer raw)
            throws IOException {
        ByteBuffer stored = buffers.pollFirst();
        if (stored == null) {
            stored = ByteBuffer.allocateDirect(longest(grainSize) + MARKER + SECTOR)
                    .order(ByteOrder.LITTLE_ENDIAN);
        }
        try {
            readStored(grain, hostOffset, stored);
            int start = plain.position();
            int limit = plain.limit();
            plain.limit(start + grainSize);
            int length = codec.inflate(stored, plain);
            int held = plain.position() - start;
            if (length == GrainCodec.CORRUPT || held < needed) {
                throw corrupt(grain, hostOffset, "does not decompress");
            }
            while (plain.hasRemaining()) {
                plain.put((byte) 0);
            }
            plain.limit(limit);
            if (raw == null) {
                return held;
            }
            if (length > raw.remaining()) {
                return -1;
            }
            raw.put(stored.slice(stored.position() + GrainCodec.HEADER, length));
            return held;
        } finally {
            buffers.addFirst(stored);
        }
    }

    /** Reads what is stored, so that {@code stored} has the stream and perhaps more from position to limit. */
    private void readStored(long grain, long hostOffset, ByteBuffer stored) throws IOException {
        if (!markers) {
            file.read(stored.clear().limit(longest(grainSize)), hostOffset);
            stored.flip();
            return;
        }
        file.read(stored.clear().limit(SECTOR), hostOffset);
        long sector = stored.getLong(0);
        int size = stored.getInt(Long.BYTES);
        if (size <= 0 || size > longest(grainSize)) {
            throw corrupt(grain, hostOffset, "has a stream of " + Integer.toUnsignedString(size) + " bytes");
        }
        if (sector != grain * (grainSize / SECTOR)) {
            throw corrupt(grain, hostOffset, "has the marker of another");
        }
        int end = MARKER + size;
        if (end > SECTOR) {
            file.read(stored.limit(end).position(SECTOR), hostOffset + SECTOR);
        }
        stored.limit(end).position(MARKER);
    }

    /** What a grain takes that became longer by being compressed: deflate adds a little, and writers are not alike. */
    static int longest(int grainSize) {
        return grainSize + grainSize / 8 + 1024;
    }

    private ImageException corrupt(long grain, long hostOffset, String what) {
        return new ImageException(
                ErrorKind.CORRUPT,
                "Input/output error",
                file.name(),
                hostOffset,
                new java.util.zip.DataFormatException("the compressed grain " + grain + " " + what));
    }
}
