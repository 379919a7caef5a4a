package io.jimg.copy;

import java.util.List;

/**
 * What one worker does in one go.
 *
 * @param turn the place in guest order, from 0
 * @param pieces in guest order, without gaps; empty where the source is at its end
 */
record Chunk(long turn, List<Piece> pieces) {

    /** First guest byte after the chunk. */
    long end() {
        return pieces.get(pieces.size() - 1).end();
    }
}
