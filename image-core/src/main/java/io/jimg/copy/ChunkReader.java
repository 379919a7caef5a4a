package io.jimg.copy;

import io.jimg.BlockDevice;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.copy.Piece.Kind;
import io.jimg.spi.AlignedBuffers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Turns a chunk of the source into pieces that the target takes: reads, looks for zeroes, compresses. Has buffers for
 * one chunk; one for each thread.
 */
final class ChunkReader {
    private static final int BUFFER_ALIGNMENT = 4096;

    private final BlockDevice source;
    private final Rules rules;
    private final ByteBuffer plain;
    private final @Nullable ByteBuffer packed;
    private final @Nullable ZeroRuns zeroRuns;
    private @Nullable ByteBuffer zeroes;

    /**
     * What becomes of data.
     *
     * @param room bytes of data in a chunk
     * @param sparseSize granularity of zeroes in bytes; 0 where they are data like any other
     * @param compressor what compresses; null where data stays plain
     * @param storedRuns the runs that are carried over
     * @param hostRuns where data lies that is copied within the host; null where all is read
     * @param salvage what is done where the source cannot be read; null to fail
     */
    record Rules(
            int room,
            int sparseSize,
            @Nullable CopyTarget compressor,
            StoredRuns storedRuns,
            @Nullable HostRuns hostRuns,
            @Nullable Salvage salvage) {}

    ChunkReader(BlockDevice source, Rules rules) {
        this.source = source;
        this.rules = rules;
        this.plain = AlignedBuffers.allocate(rules.room(), BUFFER_ALIGNMENT);
        this.packed = rules.compressor() == null ? null : AlignedBuffers.allocate(rules.room(), BUFFER_ALIGNMENT);
        this.zeroRuns = rules.sparseSize() == 0 ? null : new ZeroRuns(rules.sparseSize());
    }

    /** The chunk's pieces, in guest order; their bytes lie in this reader's buffers until the next call. */
    List<Piece> read(Chunk chunk) throws IOException {
        plain.clear();
        if (packed != null) {
            packed.clear();
        }
        List<Piece> ready = new ArrayList<>(chunk.pieces().size());
        for (Piece piece : chunk.pieces()) {
            switch (piece.kind()) {
                case DATA -> readOrCopy(piece, ready);
                case FILL -> addData(piece.guestOffset(), zeroes(), 0, (int) piece.length(), ready);
                case STORED -> readStored(piece, ready);
                default -> ready.add(piece);
            }
        }
        return ready;
    }

    private void readOrCopy(Piece data, List<Piece> ready) throws IOException {
        HostRuns hostRuns = rules.hostRuns();
        if (hostRuns == null) {
            readData(data, ready);
            return;
        }
        List<Piece> copies = hostRuns.cut(data);
        if (copies.get(0).kind() == Kind.COPY) {
            ready.addAll(copies);
        } else {
            readData(data, ready);
        }
    }

    private void readData(Piece piece, List<Piece> ready) throws IOException {
        int length = (int) piece.length();
        int from = plain.position();
        ByteBuffer bytes = plain.slice(from, length);
        plain.position(from + length);
        readFully(bytes, piece.guestOffset());
        if (zeroRuns == null) {
            addData(piece.guestOffset(), plain, from, from + length, ready);
            return;
        }
        boolean last = piece.end() == source.size();
        zeroRuns.find(plain, from, from + length, piece.guestOffset(), last, (start, end, zero) -> {
            long guestOffset = piece.guestOffset() + (start - from);
            if (zero) {
                ready.add(new Piece(Kind.ZERO, guestOffset, end - start));
            } else {
                addData(guestOffset, plain, start, end, ready);
            }
        });
    }

    private void readFully(ByteBuffer bytes, long guestOffset) throws IOException {
        try {
            source.read(bytes, guestOffset);
        } catch (IOException unreadable) {
            ImageException failure = ImageException.wrap(unreadable);
            Salvage salvage = rules.salvage();
            if (salvage == null || failure.kind() == ErrorKind.CLOSED) {
                throw failure.prefixed("error while reading at byte " + guestOffset + ": ");
            }
            salvage.read(source, bytes.clear(), guestOffset);
        }
    }

    /** As many zeroes as there is room; they are only ever read. */
    private ByteBuffer zeroes() {
        ByteBuffer made = zeroes;
        if (made == null) {
            made = AlignedBuffers.allocate(rules.room(), BUFFER_ALIGNMENT);
            zeroes = made;
        }
        return made;
    }

    /** Adds data between two indices of a buffer, run by run where it is to be compressed. */
    private void addData(long guestOffset, ByteBuffer data, int from, int to, List<Piece> ready) throws IOException {
        CopyTarget compressor = rules.compressor();
        if (compressor == null) {
            ready.add(new Piece(Kind.DATA, guestOffset, to - from, data.slice(from, to - from)));
            return;
        }
        int run = compressor.unit();
        for (int at = from; at < to; at += run) {
            int length = Math.min(run, to - at);
            ready.add(compressed(compressor, guestOffset + (at - from), data.slice(at, length)));
        }
    }

    private Piece compressed(CopyTarget compressor, long guestOffset, ByteBuffer run) throws IOException {
        ByteBuffer room = Objects.requireNonNull(packed);
        ByteBuffer stream = room.slice(room.position(), run.remaining());
        if (compressor.compress(run.duplicate(), stream)) {
            int length = stream.position();
            room.position(room.position() + length);
            return new Piece(Kind.COMPRESSED, guestOffset, run.remaining(), stream.flip());
        }
        return new Piece(Kind.DATA, guestOffset, run.remaining(), run);
    }

    private void readStored(Piece piece, List<Piece> ready) throws IOException {
        int run = Objects.requireNonNull(rules.compressor()).unit();
        ByteBuffer room = Objects.requireNonNull(packed);
        for (long at = piece.guestOffset(); at < piece.end(); at += run) {
            int length = (int) Math.min(run, piece.end() - at);
            int start = plain.position();
            ByteBuffer inflated = plain.slice(start, run);
            ByteBuffer stream = room.slice(room.position(), run);
            if (rules.storedRuns().read(at, inflated, stream)) {
                int packedLength = stream.position();
                room.position(room.position() + packedLength);
                plain.position(start + run);
                ready.add(new Piece(Kind.STORED, at, length, null, stream.flip(), plain.slice(start, run)));
            } else {
                readData(new Piece(Kind.DATA, at, length), ready);
            }
        }
    }
}
