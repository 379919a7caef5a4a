package io.jimg.qcow2.create;

import java.util.List;

/**
 * One run of host bytes.
 *
 * @param hostOffset first byte
 * @param length bytes, greater than zero
 */
record Piece(long hostOffset, long length) {

    /** Adds a run at the end of a list, or makes the last one longer where it follows that directly. */
    static void append(List<Piece> pieces, long hostOffset, long length) {
        int last = pieces.size() - 1;
        if (last >= 0 && pieces.get(last).hostOffset + pieces.get(last).length == hostOffset) {
            pieces.set(last, new Piece(pieces.get(last).hostOffset, pieces.get(last).length + length));
        } else {
            pieces.add(new Piece(hostOffset, length));
        }
    }
}
