package io.jimg.ops;

import io.jimg.BlockDevice;
import io.jimg.ImageException;
import io.jimg.device.TokenBucket;
import io.jimg.spi.ImageWriter.Placement;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Copies a source to a target on several threads. Each thread takes the next chunk in guest order, reads and works on
 * it, waits for its turn, has its pieces placed, and transfers them once the next thread has its turn. So reads,
 * compression and transfers run together, the target sees all in guest order, and memory is bounded by one chunk for
 * each thread.
 */
final class CopyPipeline {
    private final SourceWalk walk;
    private final BlockDevice source;
    private final CopyTarget target;
    private final ChunkReader.Rules readerRules;
    private final @Nullable TokenBucket rate;
    private final Watch watch;
    private final Turns turns = new Turns();
    /** Guarded by this, as the other counts are. */
    private long copied;

    private long zeroes;
    private long carriedOver;

    /** What the job that runs the pipeline does meanwhile. */
    interface Watch {
        /** Throws to stop. Called by any thread. */
        void check() throws ImageException;

        /** A chunk, the next in guest order, is placed. Called by one thread at a time. */
        void reached(Chunk chunk);
    }

    CopyPipeline(
            BlockDevice source,
            SourceWalk walk,
            ChunkReader.Rules readerRules,
            CopyTarget target,
            @Nullable TokenBucket rate,
            Watch watch) {
        this.source = source;
        this.walk = walk;
        this.readerRules = readerRules;
        this.target = target;
        this.rate = rate;
        this.watch = watch;
    }

    /**
     * Copies all of it; the calling thread is one of {@code threads}. Returns or throws when no thread works on it any
     * more.
     */
    void run(int threads) throws IOException {
        new Workers(turns::giveUp).run(threads, this::work);
    }

    private void work() throws IOException {
        ChunkReader reader = new ChunkReader(source, readerRules);
        for (Chunk chunk = walk.next(); !chunk.pieces().isEmpty(); chunk = walk.next()) {
            watch.check();
            if (!copy(chunk, reader.read(chunk))) {
                return;
            }
        }
    }

    private boolean copy(Chunk chunk, List<Piece> pieces) throws IOException {
        if (rate != null) {
            rate.pay(pieces.stream()
                    .mapToLong(piece -> piece.bytes() == null && piece.place() == null ? 0 : piece.length())
                    .sum());
        }
        List<Transfer> transfers = new ArrayList<>();
        if (!turns.await(chunk.turn())) {
            return false;
        }
        for (Piece piece : pieces) {
            Placement placement = place(piece);
            if (placement != Placement.NONE) {
                transfers.add(new Transfer(piece, placement));
            }
        }
        count(pieces);
        watch.reached(chunk);
        turns.end();
        for (Transfer transfer : transfers) {
            transfer.run();
        }
        return true;
    }

    private Placement place(Piece piece) throws IOException {
        try {
            return target.place(piece);
        } catch (IOException unwritable) {
            throw atByte(piece, unwritable);
        }
    }

    private record Transfer(Piece piece, Placement placement) {
        void run() throws IOException {
            try {
                placement.write();
            } catch (IOException unwritable) {
                throw atByte(piece, unwritable);
            }
        }
    }

    private static ImageException atByte(Piece piece, IOException unwritable) {
        return ImageException.wrap(unwritable).prefixed("error while writing at byte " + piece.guestOffset() + ": ");
    }

    private synchronized void count(List<Piece> pieces) {
        for (Piece piece : pieces) {
            switch (piece.kind()) {
                case ZERO -> zeroes += piece.length();
                case STORED -> carriedOver += piece.length();
                case DATA, COPY, COMPRESSED -> copied += piece.length();
                default -> {}
            }
        }
    }

    /** What was done so far. */
    synchronized Conversion result(long unreadable, int threads) {
        return new Conversion(source.size(), copied, zeroes, carriedOver, unreadable, threads);
    }
}
