package io.jimg.debug;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Limits;
import io.jimg.Option;
import io.jimg.Options;
import io.jimg.storage.Outcome;
import java.io.IOException;

/**
 * What requests are to be like. Lengths that are no powers of two hold for how requests are split, not for how they are
 * aligned.
 *
 * @param alignment of offsets and lengths in bytes; 0 for what the storage beneath asks for, as in all of these
 * @param maxTransfer the longest read or write
 * @param zeroAlignment what zeroes are best aligned to
 * @param maxZero the longest run of zeroes
 * @param discardAlignment what discards are best aligned to
 * @param maxDiscard the longest discard
 */
record Constraints(
        long alignment, long maxTransfer, long zeroAlignment, long maxZero, long discardAlignment, long maxDiscard) {

    /** What is done with one piece of a discard. */
    @FunctionalInterface
    interface Discarding {
        /** Does it. */
        void discard(long offset, long length) throws IOException;
    }

    /** What is done with one piece of a request. */
    @FunctionalInterface
    interface Piece {
        /** Does it. */
        Outcome apply(long offset, long length) throws IOException;
    }

    /** Reads the options. */
    static Constraints of(Options options, Limits inner) throws ImageException {
        long alignment = options.require(BlkdebugProtocol.ALIGN);
        if (alignment >= Integer.MAX_VALUE || (alignment > 0 && Long.bitCount(alignment) != 1)) {
            throw refused("align", alignment);
        }
        long unit = Math.max(1, Math.max(alignment, inner.requestAlignment()));
        long maxTransfer = multiple(options, BlkdebugProtocol.MAX_TRANSFER, unit);
        long zeroAlignment = multiple(options, BlkdebugProtocol.ZERO_ALIGNMENT, unit);
        long maxZero = multiple(options, BlkdebugProtocol.MAX_ZERO, Math.max(unit, zeroAlignment));
        long discardAlignment = multiple(options, BlkdebugProtocol.DISCARD_ALIGNMENT, unit);
        long maxDiscard = multiple(options, BlkdebugProtocol.MAX_DISCARD, Math.max(unit, discardAlignment));
        return new Constraints(alignment, maxTransfer, zeroAlignment, maxZero, discardAlignment, maxDiscard);
    }

    private static long multiple(Options options, Option<Long> option, long unit) throws ImageException {
        long value = options.require(option);
        if (value >= Integer.MAX_VALUE || value % unit != 0) {
            throw refused(option.name(), value);
        }
        return value;
    }

    private static ImageException refused(String name, long value) {
        return new ImageException(ErrorKind.BAD_OPTION, "Cannot meet constraints with " + name + ' ' + value);
    }

    /** The limits of a storage over one with these. */
    Limits applyTo(Limits inner) {
        int unit = (int) Math.max(alignment, inner.requestAlignment());
        int largest = maxTransfer > 0 ? (int) Math.min(maxTransfer, inner.largestTransfer()) : inner.largestTransfer();
        int preferred = Math.max(unit, Math.min(inner.preferredTransfer(), largest) / unit * unit);
        return new Limits(
                unit,
                powerOfTwo(zeroAlignment, Math.max(unit, inner.zeroAlignment())),
                powerOfTwo(discardAlignment, Math.max(unit, inner.discardAlignment())),
                inner.bufferAlignment(),
                preferred,
                largest / unit * unit);
    }

    private static int powerOfTwo(long wanted, int otherwise) {
        return wanted > 0 && Long.bitCount(wanted) == 1 ? (int) Math.max(wanted, otherwise) : otherwise;
    }

    /** Discards in pieces: up to the first multiple of the alignment, then whole pieces, then the rest. */
    void discard(long offset, long length, Discarding action) throws IOException {
        long end = offset + length;
        long unit = Math.max(1, discardAlignment);
        long largest = maxDiscard == 0 ? Long.MAX_VALUE : maxDiscard;
        for (long at = offset; at < end; ) {
            long head = (unit - at % unit) % unit;
            long body = (end - at) / unit * unit;
            long piece = Math.min(head > 0 ? Math.min(head, end - at) : body > 0 ? body : end - at, largest);
            action.discard(at, piece);
            at += piece;
        }
    }

    /** Does something in pieces of at most {@code largest} bytes; 0 for no limit. */
    Outcome split(long offset, long length, long largest, Piece action) throws IOException {
        if (largest == 0 || length <= largest) {
            return action.apply(offset, length);
        }
        for (long at = offset; at < offset + length; at += largest) {
            if (action.apply(at, Math.min(largest, offset + length - at)) == Outcome.UNSUPPORTED) {
                return Outcome.UNSUPPORTED;
            }
        }
        return Outcome.DONE;
    }
}
