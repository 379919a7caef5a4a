package io.jimg.copy;

import io.jimg.Job;
import java.io.IOException;

/**
 * How far a copy has come, counted in bytes of data: what is known to be zero takes no time, and is no progress. Tells
 * of whole runs of data, or of the pieces of a long one. For one thread at a time.
 */
final class DataProgress {
    /** A run is told of in pieces of this many bytes, as qemu-img copies it. */
    private static final long PIECE = 2 << 20;

    private final long total;
    private final Job.ProgressListener listener;
    private long done;
    private long told;
    private long runStart;
    private long runEnd;

    private DataProgress(long total, Job.ProgressListener listener) {
        this.total = total;
        this.listener = listener;
    }

    /**
     * Counts the data.
     *
     * @param walk over the source as it is going to be copied, which ends it
     */
    static DataProgress of(SourceWalk walk, Copy.Pause pause, Job.ProgressListener listener) throws IOException {
        long total = 0;
        for (Chunk chunk = walk.next(); !chunk.pieces().isEmpty(); chunk = walk.next()) {
            pause.check();
            for (Piece piece : chunk.pieces()) {
                total += piece.takesRoom() ? piece.length() : 0;
            }
        }
        return new DataProgress(total, listener);
    }

    /** The next chunk in guest order is placed. */
    void passed(Chunk chunk) {
        for (Piece piece : chunk.pieces()) {
            if (!piece.takesRoom()) {
                tell();
                continue;
            }
            if (piece.guestOffset() != runEnd) {
                tell();
                runStart = piece.guestOffset();
            }
            runEnd = piece.end();
            done += piece.length();
            if (runEnd - runStart >= PIECE) {
                tell();
                runStart = runEnd;
            }
        }
    }

    /** All is placed. */
    void finish() {
        tell();
    }

    private void tell() {
        if (done > told) {
            told = done;
            listener.progressed(done, total);
        }
    }
}
