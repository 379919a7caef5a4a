package io.jimg.copy;

import io.jimg.BlockDevice;
import io.jimg.ImageException;
import io.jimg.host.Memory;
import io.jimg.spi.DigestAlgorithm;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;

/**
 * Threads take chunks of a device, read them and hash what can be hashed by itself; then each waits for its turn and
 * brings its chunk to the one hash that all goes into. Memory is one chunk a thread.
 */
public final class DigestPipeline {
    private static final int ROOM = 1 << 20;
    private static final int UNIT = 64 << 10;

    private final BlockDevice device;
    private final DigestAlgorithm algorithm;
    private final Watch watch;
    private final SourceWalk walk;
    private final Turns turns = new Turns();
    /** Used by whose turn it is. */
    private final MessageDigest outer;
    /** Zeroes, or digests of blocks of zeroes, to feed the outer hash in large pieces. */
    private final byte[] filler;

    private final int fillerUnits;

    /** Is asked whether to go on, and told how far the digest has come. */
    public interface Watch {
        /** Throws where it is to stop. */
        void check() throws ImageException;

        /** All before {@code guestOffset} is in the digest. */
        void reached(long guestOffset);
    }

    /** Of a whole device. */
    public DigestPipeline(BlockDevice device, DigestAlgorithm algorithm, Watch watch) {
        this.device = device;
        this.algorithm = algorithm;
        this.watch = watch;
        this.outer = algorithm.hash().get();
        int unit = Math.max(UNIT, algorithm.blockSize());
        this.walk = new SourceWalk(
                device,
                new SourceWalk.Rules(
                        unit,
                        unit,
                        Math.max(ROOM, unit),
                        BlockDevice.ALL_LAYERS,
                        Long.MAX_VALUE,
                        false,
                        StoredRuns.NONE,
                        null));
        if (algorithm.blockSize() == 0) {
            filler = new byte[UNIT];
            fillerUnits = 0;
        } else {
            byte[] zeroBlock = algorithm.hash().get().digest(new byte[algorithm.blockSize()]);
            fillerUnits = UNIT / zeroBlock.length;
            filler = new byte[fillerUnits * zeroBlock.length];
            for (int at = 0; at < filler.length; at += zeroBlock.length) {
                System.arraycopy(zeroBlock, 0, filler, at, zeroBlock.length);
            }
        }
    }

    /** The digest. */
    public byte[] run(int threads) throws IOException {
        new Workers(turns::giveUp).run(threads, this::work);
        if (algorithm.blockSize() != 0) {
            outer.update(ByteBuffer.allocate(Long.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(device.size())
                    .flip());
        }
        return outer.digest();
    }

    private void work() throws IOException {
        byte[] bytes = new byte[Math.max(ROOM, Math.max(UNIT, algorithm.blockSize()))];
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length);
        MessageDigest inner = algorithm.hash().get();
        for (Chunk chunk = walk.next(); !chunk.pieces().isEmpty(); chunk = walk.next()) {
            watch.check();
            // The bytes to hash, or the digests of their blocks, one piece behind the other.
            int[] lengths = new int[chunk.pieces().size()];
            int filled = 0;
            for (int i = 0; i < lengths.length; i++) {
                Piece piece = chunk.pieces().get(i);
                if (piece.takesRoom()) {
                    lengths[i] = ready(piece, buffer, inner, bytes, filled);
                    filled += lengths[i];
                }
            }
            if (!turns.await(chunk.turn())) {
                return;
            }
            feed(chunk, bytes, lengths);
            watch.reached(chunk.end());
            turns.end();
        }
    }

    private void feed(Chunk chunk, byte[] bytes, int[] lengths) throws IOException {
        int at = 0;
        for (int i = 0; i < lengths.length; i++) {
            Piece piece = chunk.pieces().get(i);
            if (piece.takesRoom()) {
                outer.update(bytes, at, lengths[i]);
                at += lengths[i];
            } else {
                feedZeroes(piece.length());
            }
        }
    }

    /** Reads a piece and puts into {@code bytes} what of it goes to the outer hash; answers how many bytes that is. */
    private int ready(Piece piece, ByteBuffer buffer, MessageDigest inner, byte[] bytes, int filled)
            throws IOException {
        int length = (int) piece.length();
        buffer.clear().limit(length);
        try {
            device.read(buffer, piece.guestOffset());
        } catch (IOException unreadable) {
            throw ImageException.wrap(unreadable).prefixed("error while reading at byte " + piece.guestOffset() + ": ");
        }
        buffer.flip();
        int block = algorithm.blockSize();
        if (block == 0) {
            buffer.get(bytes, filled, length);
            return length;
        }
        int at = filled;
        for (int from = 0; from < length; from += block) {
            int to = Math.min(length, from + block);
            if (to - from == block && Memory.isZero(buffer, from, to)) {
                int size = filler.length / fillerUnits;
                System.arraycopy(filler, 0, bytes, at, size);
                at += size;
            } else {
                inner.update(buffer.slice(from, to - from));
                byte[] digest = inner.digest();
                System.arraycopy(digest, 0, bytes, at, digest.length);
                at += digest.length;
            }
        }
        return at - filled;
    }

    private void feedZeroes(long length) throws IOException {
        int block = algorithm.blockSize();
        if (block == 0) {
            for (long left = length; left > 0; left -= Math.min(left, filler.length)) {
                watch.check();
                outer.update(filler, 0, (int) Math.min(left, filler.length));
            }
            return;
        }
        int digestLength = filler.length / fillerUnits;
        for (long left = length / block; left > 0; left -= Math.min(left, fillerUnits)) {
            watch.check();
            outer.update(filler, 0, (int) Math.min(left, fillerUnits) * digestLength);
        }
        int rest = (int) (length % block);
        if (rest > 0) {
            outer.update(algorithm.hash().get().digest(new byte[rest]));
        }
    }
}
