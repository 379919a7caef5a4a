package io.jimg.copy;

import io.jimg.BlockDevice;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.copy.Piece.Kind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a source into chunks by asking for its extents in guest order; what is known to be zero is told apart here and
 * never read. Safe for many threads.
 */
final class SourceWalk {
    /**
     * Bounds the memory of a chunk of a source that is scattered to bits, and the time until the next look at a cancel.
     */
    private static final int MOST_EXTENTS = 512;

    private final BlockDevice source;
    private final Rules rules;
    private long guestOffset;
    private long nextTurn;
    private @Nullable Extent current;

    /**
     * How a source is cut.
     *
     * @param unit what pieces begin on and, but for the source's end, are a multiple of; a power of two
     * @param grain the granularity of zeroes, a multiple of {@code unit}
     * @param room bytes of data in one chunk, a multiple of {@code unit}
     * @param layers how many layers of the source are asked; what is in none of them is skipped
     * @param blankFrom guest offset from which zeroes are skipped, for the target reads as zeroes there by itself
     * @param fillZeroes whether zeroes are written as data
     * @param storedRuns which compressed extents are carried over
     * @param salvage is told where the source does not know its status, which is data then; null to fail
     */
    record Rules(
            int unit,
            int grain,
            int room,
            int layers,
            long blankFrom,
            boolean fillZeroes,
            StoredRuns storedRuns,
            @Nullable Salvage salvage) {}

    SourceWalk(BlockDevice source, Rules rules) {
        this.source = source;
        this.rules = rules;
    }

    /** The next chunk; without pieces at the end. */
    synchronized Chunk next() throws IOException {
        List<Piece> pieces = new ArrayList<>();
        int room = rules.room();
        for (int asked = 0; guestOffset < source.size() && room > 0 && asked < MOST_EXTENTS; asked++) {
            Piece piece = nextPiece(room);
            guestOffset = piece.end();
            if (piece.takesRoom()) {
                room = Math.max(0, room - (int) Math.min(room, roundUp(piece.length())));
            }
            add(pieces, piece);
        }
        return new Chunk(nextTurn++, pieces);
    }

    private Piece nextPiece(int room) throws IOException {
        Kind kind = kindAt(guestOffset);
        long end = endAt(guestOffset);
        while (kind == Kind.SKIP && (end & (rules.unit() - 1)) != 0 && end < source.size() && kindAt(end) == kind) {
            end = endAt(end);
        }
        end = end == source.size() ? end : end & -rules.unit();
        if (end <= guestOffset) {
            // The unit is of more than one kind: it is read as a whole.
            kind = Kind.DATA;
            end = Math.min(source.size(), guestOffset + rules.unit());
        }
        Piece whole = new Piece(kind, guestOffset, end - guestOffset);
        return whole.takesRoom() && whole.length() > room ? new Piece(kind, guestOffset, cut(room)) : whole;
    }

    /** The length of a piece that ends for want of room: where a unit of zeroes may end, too. */
    private long cut(int room) {
        long end = guestOffset + room;
        long even = end / rules.grain() * rules.grain();
        return even > guestOffset ? even - guestOffset : room;
    }

    private Extent extentAt(long offset) throws IOException {
        Extent known = current;
        if (known == null || offset < known.guestOffset() || known.end() <= offset) {
            known = ask(offset);
            current = known;
        }
        return known;
    }

    private Extent ask(long offset) throws IOException {
        try {
            return source.extentAt(offset, source.size() - offset, rules.layers());
        } catch (IOException unknown) {
            ImageException failure = ImageException.wrap(unknown);
            Salvage salvage = rules.salvage();
            if (salvage == null || failure.kind() == ErrorKind.CLOSED) {
                throw failure.prefixed("error while reading block status at offset " + offset + ": ");
            }
            return salvage.unknown(offset, source.size(), failure);
        }
    }

    /** Where what {@link #kindAt} says ends. */
    private long endAt(long offset) throws IOException {
        Extent extent = extentAt(offset);
        return extent.zero() && offset < rules.blankFrom() ? Math.min(extent.end(), rules.blankFrom()) : extent.end();
    }

    private Kind kindAt(long offset) throws IOException {
        Extent extent = extentAt(offset);
        if (extent.zero() && offset >= rules.blankFrom()) {
            return Kind.SKIP;
        }
        if (extent.zero()) {
            return rules.fillZeroes() ? Kind.FILL : Kind.ZERO;
        }
        if (!extent.present() && rules.layers() != BlockDevice.ALL_LAYERS) {
            return Kind.SKIP;
        }
        return extent.compressed() && rules.storedRuns().carries(extent) ? Kind.STORED : Kind.DATA;
    }

    private static void add(List<Piece> pieces, Piece piece) {
        int last = pieces.size() - 1;
        if (last >= 0 && pieces.get(last).kind() == piece.kind()) {
            Piece before = pieces.remove(last);
            pieces.add(new Piece(piece.kind(), before.guestOffset(), before.length() + piece.length()));
        } else {
            pieces.add(piece);
        }
    }

    private long roundUp(long length) {
        return (length + rules.unit() - 1) & -rules.unit();
    }
}
