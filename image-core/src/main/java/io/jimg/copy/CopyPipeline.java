package io.jimg.copy;

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
    /** Of the writes that failed the one that comes first in the guest; guarded by this. */
    private @Nullable Unwritten unwritten;

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
        try {
            new Workers(turns::giveUp).run(threads, this::work);
        } catch (Unwritten any) {
            throw earliest(any);
        }
    }

    /** Threads fail together on a full disk: told is the place up to which all was written. */
    private synchronized Unwritten earliest(Unwritten any) {
        return unwritten == null ? any : unwritten;
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
        List<Workers.Work> transfers = new ArrayList<>();
        if (!turns.await(chunk.turn())) {
            return false;
        }
        for (Piece piece : pieces) {
            Placement placement = place(piece);
            if (placement != Placement.NONE) {
                transfers.add(() -> transfer(piece, placement));
            }
        }
        count(pieces);
        watch.reached(chunk);
        turns.end();
        for (Workers.Work transfer : transfers) {
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

    private void transfer(Piece piece, Placement placement) throws IOException {
        try {
            placement.write();
        } catch (IOException unwritable) {
            throw atByte(piece, unwritable);
        }
    }

    private synchronized Unwritten atByte(Piece piece, IOException unwritable) {
        Unwritten failure = new Unwritten(piece.guestOffset(), ImageException.wrap(unwritable));
        if (unwritten == null || failure.guestOffset < unwritten.guestOffset) {
            unwritten = failure;
        }
        return failure;
    }

    /** A write that failed. */
    private static final class Unwritten extends ImageException {
        private static final long serialVersionUID = 1L;

        private final long guestOffset;

        Unwritten(long guestOffset, ImageException failure) {
            super(
                    failure.kind(),
                    "error while writing at byte " + guestOffset + ": " + failure.getMessage(),
                    failure.resource(),
                    failure.offset(),
                    failure);
            this.guestOffset = guestOffset;
        }
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
    synchronized Totals result(long unreadable, int threads) {
        return new Totals(source.size(), copied, zeroes, carriedOver, unreadable, threads);
    }
}
