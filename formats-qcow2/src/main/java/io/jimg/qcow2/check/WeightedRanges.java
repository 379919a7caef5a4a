package io.jimg.qcow2.check;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Ranges of host bytes that may overlap, such as the L1 tables of snapshots, cut into pieces each of which belongs to a
 * known number of them. So a table that many refer to, or that lies across another, is read once. Not safe for threads.
 */
final class WeightedRanges {

    /** Takes a piece. */
    @FunctionalInterface
    interface PieceVisitor {
        /**
         * One piece.
         *
         * @param start first byte
         * @param end first byte after it
         * @param weight how many ranges it belongs to
         */
        void visit(long start, long end, long weight) throws IOException;
    }

    private record Piece(long start, long end, long weight) {}

    private final TreeMap<Long, Long> changes = new TreeMap<>();
    private final TreeMap<Long, Piece> pieces = new TreeMap<>();

    /** Adds a range; before any piece is taken. */
    void add(long start, long end) {
        if (end > start) {
            changes.merge(start, 1L, Long::sum);
            changes.merge(end, -1L, Long::sum);
        }
    }

    /** Adds a range that is not empty, grown to the next multiple of a power of two at its end. */
    void addRounded(long start, long length, int unitBits) {
        add(start, ((start + length - 1 >>> unitBits) + 1) << unitBits);
    }

    /** Cuts what was added. */
    void cut() {
        long weight = 0;
        long from = 0;
        for (Map.Entry<Long, Long> change : changes.entrySet()) {
            if (weight > 0) {
                pieces.put(from, new Piece(from, change.getKey(), weight));
            }
            from = change.getKey();
            weight += change.getValue();
        }
        changes.clear();
    }

    /** Visits all pieces in order; they stay. */
    void each(PieceVisitor visitor) throws IOException {
        for (Piece piece : pieces.values()) {
            visitor.visit(piece.start, piece.end, piece.weight);
        }
    }

    /** Visits those pieces of a range that was added which nobody took before. */
    void take(long start, long end, PieceVisitor visitor) throws IOException {
        Map<Long, Piece> inside = pieces.subMap(start, end);
        List<Piece> taken = new ArrayList<>(inside.values());
        inside.clear();
        for (Piece piece : taken) {
            visitor.visit(piece.start, piece.end, piece.weight);
        }
    }
}
