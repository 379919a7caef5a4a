package io.jimg.ops;

import io.jimg.BlockDevice;
import io.jimg.DiskImage;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.ZeroMode;
import io.jimg.capability.CompressedWrite;
import io.jimg.copy.Copy;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes into an overlay what an old chain beneath it shows and a new one does not. Compares by the overlay's smallest
 * unit of allocation, what the overlay has of its own left out. For one thread.
 */
final class RebaseCopy {
    private static final int LARGEST_PIECE = 2 << 20;
    private static final int SMALLEST_UNIT = 512;
    private static final byte[] ZEROES = new byte[8192];

    private final DiskImage overlay;
    private final @Nullable DiskImage newBacking;
    private final @Nullable CompressedWrite compressed;
    private final Copy.Pause pause;
    private final Job.ProgressListener progress;
    private final int unit;

    /** How many layers of the overlay are not part of the new chain. */
    private final int layers;

    private final ByteBuffer oldBytes = ByteBuffer.allocateDirect(LARGEST_PIECE);
    private final ByteBuffer newBytes = ByteBuffer.allocateDirect(LARGEST_PIECE);
    private final @Nullable ByteBuffer stream;
    private long written;

    /**
     * From the overlay's present chain to another.
     *
     * @param newBacking null for none
     * @param compressed how to write; null to write plain data
     */
    RebaseCopy(
            DiskImage overlay,
            @Nullable DiskImage newBacking,
            @Nullable CompressedWrite compressed,
            Copy.Pause pause,
            Job.ProgressListener progress) {
        this.overlay = overlay;
        this.newBacking = newBacking;
        this.compressed = compressed;
        this.pause = pause;
        this.progress = progress;
        this.unit = compressed != null
                ? compressed.runLength()
                : Math.max(SMALLEST_UNIT, Math.min(LARGEST_PIECE, overlay.subclusterSize()));
        this.layers = newBacking == null ? BlockDevice.ALL_LAYERS : layersAbove(newBacking);
        this.stream = compressed == null ? null : ByteBuffer.allocate(unit);
    }

    /** Where the new backing file is a layer of the old chain, what only it and those beneath say stays as it is. */
    private int layersAbove(DiskImage layer) {
        List<DiskImage.Child> files = layer.children();
        int depth = 1;
        for (DiskImage old = overlay.backing(); old != null; old = old.backing()) {
            if (old.format().equals(layer.format()) && sameFile(old.children(), files)) {
                return depth;
            }
            depth++;
        }
        return BlockDevice.ALL_LAYERS;
    }

    /** Whether the first files of two images are the same; an image that is nothing but a protocol's bytes has none. */
    private static boolean sameFile(List<DiskImage.Child> one, List<DiskImage.Child> other) {
        return !one.isEmpty()
                && !other.isEmpty()
                && one.get(0).storage().identity().equals(other.get(0).storage().identity());
    }

    /** Does it, and returns how many bytes were written. */
    long run() throws IOException {
        long size = overlay.size();
        for (long at = 0; at < size; ) {
            pause.check();
            Extent own = ownExtentAt(at);
            if (own.present()) {
                at = own.end();
            } else {
                at = compareNext(at, own.end());
            }
            progress.progressed(at, size);
        }
        return written;
    }

    private Extent ownExtentAt(long guestOffset) throws IOException {
        try {
            return overlay.extentAt(guestOffset, overlay.size() - guestOffset, 1);
        } catch (IOException unknown) {
            throw ImageException.wrap(unknown).prefixed("error while reading image metadata: ");
        }
    }

    /** Compares the first part of a range of which the overlay has nothing itself; returns where the rest begins. */
    private long compareNext(long at, long end) throws IOException {
        long same = sameUpTo(at, end);
        long next = same == end ? end : same & -(long) unit;
        if (next > at) {
            return next;
        }
        long chunkEnd = Math.min(end, (at & -(long) unit) + LARGEST_PIECE);
        int length = (int) (chunkEnd - at);
        overlay.read(oldBytes.clear().limit(length), at);
        readNew(newBytes.clear().limit(length), at);
        for (long piece = at; piece < chunkEnd; ) {
            long pieceEnd = Math.min(chunkEnd, (piece & -(long) unit) + unit);
            int from = (int) (piece - at);
            int to = (int) (pieceEnd - at);
            if (oldBytes.slice(from, to - from).mismatch(newBytes.slice(from, to - from)) >= 0) {
                keep(oldBytes.slice(from, to - from), piece);
                written += to - from;
            }
            piece = pieceEnd;
        }
        return chunkEnd;
    }

    /** How far both chains are known to show the same without a look at the bytes. */
    private long sameUpTo(long start, long end) throws IOException {
        long at = start;
        while (at < end) {
            Extent old = overlay.extentAt(at, end - at, layers);
            long oldEnd = old.end();
            if (!old.present() && !old.zero() && layers != BlockDevice.ALL_LAYERS) {
                // It lies beneath all layers that were asked, in those that the two chains share.
                at = oldEnd;
                continue;
            }
            long zeroes = old.zero() ? newZeroesUpTo(at, oldEnd) : at;
            if (zeroes < oldEnd) {
                return zeroes;
            }
            at = oldEnd;
        }
        return at;
    }

    private long newZeroesUpTo(long start, long end) throws IOException {
        DiskImage fresh = newBacking;
        long at = start;
        while (fresh != null && at < Math.min(end, fresh.size())) {
            Extent extent = fresh.extentAt(at, Math.min(end, fresh.size()) - at);
            if (!extent.zero()) {
                return at;
            }
            at = extent.end();
        }
        return end;
    }

    private void readNew(ByteBuffer destination, long guestOffset) throws IOException {
        int length = destination.remaining();
        DiskImage fresh = newBacking;
        int inside = fresh == null ? 0 : (int) Math.max(0, Math.min(length, fresh.size() - guestOffset));
        if (fresh != null && inside > 0) {
            fresh.read(destination.duplicate().limit(inside), guestOffset);
        }
        destination.position(inside);
        while (destination.hasRemaining()) {
            destination.put(ZEROES, 0, Math.min(ZEROES.length, destination.remaining()));
        }
    }

    private void keep(ByteBuffer bytes, long guestOffset) throws IOException {
        try {
            write(bytes, guestOffset);
        } catch (IOException failure) {
            throw ImageException.wrap(failure).prefixed("Error while writing to COW image: ");
        }
    }

    /**
     * Where the old backing file had ended, the overlay says that there are zeroes; others are data like any other, as
     * in QEMU.
     */
    private void write(ByteBuffer bytes, long guestOffset) throws IOException {
        DiskImage old = overlay.backing();
        if ((old == null || guestOffset >= old.size()) && isZero(bytes)) {
            overlay.writeZeroes(guestOffset, bytes.remaining(), ZeroMode.EXPLICIT);
        } else if (!writeCompressed(bytes, guestOffset)) {
            overlay.write(bytes, guestOffset);
        }
    }

    private boolean writeCompressed(ByteBuffer bytes, long guestOffset) throws IOException {
        CompressedWrite how = compressed;
        ByteBuffer into = stream;
        if (how == null || into == null || guestOffset % unit != 0) {
            return false;
        }
        ByteBuffer run = bytes;
        if (bytes.remaining() < unit) {
            if (guestOffset + bytes.remaining() != overlay.size()) {
                return false;
            }
            run = ByteBuffer.allocate(unit).put(bytes.duplicate()).clear();
        }
        if (!how.compress(run, into.clear())) {
            return false;
        }
        how.writeCompressed(guestOffset, into.flip());
        return true;
    }

    private static boolean isZero(ByteBuffer bytes) {
        int length = bytes.remaining();
        return bytes.get(bytes.position()) == 0
                && bytes.slice(bytes.position(), length - 1).equals(bytes.slice(bytes.position() + 1, length - 1));
    }
}
