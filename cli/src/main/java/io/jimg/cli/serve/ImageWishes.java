package io.jimg.cli.serve;

import io.jimg.cli.arguments.SnapshotChoice;
import org.jspecify.annotations.Nullable;

/**
 * How an image is put on offer. Immutable.
 *
 * @param readOnly whether writes are refused
 * @param throwaway whether what is written goes to a file that vanishes
 * @param snapshot the internal snapshot to show, read-only; null for the image as it is now
 * @param offset the first byte that clients see
 * @param discards whether clients may give space back
 * @param detectZeroes what becomes of written zeroes
 */
public record ImageWishes(
        boolean readOnly,
        boolean throwaway,
        @Nullable SnapshotChoice snapshot,
        long offset,
        boolean discards,
        DetectZeroes detectZeroes) {

    /** The whole image, to read and to write. */
    public static final ImageWishes PLAIN = new ImageWishes(false, false, null, 0, true, DetectZeroes.OFF);

    /** What becomes of requests that write nothing but zeroes. */
    public enum DetectZeroes {
        /** They are written. */
        OFF,
        /** They become requests for zeroes that keep their space. */
        ON,
        /** They become requests for zeroes that may give space back. */
        UNMAP
    }

    /** With writes refused. */
    public ImageWishes withReadOnly() {
        return new ImageWishes(true, throwaway, snapshot, offset, discards, detectZeroes);
    }

    /** With what is written thrown away. */
    public ImageWishes withThrowaway() {
        return new ImageWishes(readOnly, true, snapshot, offset, discards, detectZeroes);
    }

    /** As a snapshot was. */
    public ImageWishes withSnapshot(SnapshotChoice value) {
        return new ImageWishes(readOnly, throwaway, value, offset, discards, detectZeroes);
    }

    /** From an offset on. */
    public ImageWishes withOffset(long value) {
        return new ImageWishes(readOnly, throwaway, snapshot, value, discards, detectZeroes);
    }

    /** With space given back, or kept. */
    public ImageWishes withDiscards(boolean value) {
        return new ImageWishes(readOnly, throwaway, snapshot, offset, value, detectZeroes);
    }

    /** With zeroes found. */
    public ImageWishes withDetectZeroes(DetectZeroes value) {
        return new ImageWishes(readOnly, throwaway, snapshot, offset, discards, value);
    }

    /** Whether the image itself is written. */
    boolean writesImage() {
        return !readOnly && !throwaway && snapshot == null;
    }
}
