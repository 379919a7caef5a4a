package io.jimg.vmdk.sparse;

import io.jimg.host.deflate.DeflateLibrary;
import io.jimg.host.deflate.RawDeflater;
import io.jimg.host.deflate.RawInflater;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.zip.Adler32;

/**
 * Grains as zlib streams (RFC 1950): a header of two bytes, raw deflate, and the Adler-32 of what was compressed. Safe
 * for many threads: each call has a context of its own, kept for the next one. {@link #close()} frees them; no call may
 * run then.
 */
public final class GrainCodec implements AutoCloseable {
    /** What {@link #inflate} answers for bytes that are no such stream. */
    public static final int CORRUPT = -1;

    /** Bytes before the deflate stream. */
    public static final int HEADER = 2;

    /** Bytes after it. */
    public static final int TRAILER = 4;

    /** Deflate with a window of 32 KiB at the default level, as zlib writes it. */
    private static final short ZLIB_HEADER = 0x789C;

    /** zlib's default. */
    private static final int LEVEL = 6;

    /**
     * The level where the library has better ones than zlib, of streams of 64 KiB of a file system's programs and
     * documents: it takes 23 % of the time of zlib's level 6 for streams that are 2.5 % longer in all. Level 4 takes 27
     * % for 1.3 %, level 1 takes 16 % for 4.8 %, and level 5, the first whose streams are no longer, 34 %.
     */
    private static final int QUICK_LEVEL = 2;

    private static final int HIGHEST_OF_ZLIB = 9;
    private static final int STORED_MAXIMUM = 0xFFFF;
    private static final int STORED_HEADER = 5;

    private final DeflateLibrary library;
    private final ConcurrentLinkedDeque<RawInflater> inflaters = new ConcurrentLinkedDeque<>();
    private final ConcurrentLinkedDeque<RawDeflater> deflaters = new ConcurrentLinkedDeque<>();

    /** Over an implementation of deflate. */
    public GrainCodec(DeflateLibrary library) {
        this.library = library;
    }

    /**
     * Decompresses a stream.
     *
     * @param stream from its position on, with any bytes after it; does not move
     * @param plain is filled from its position, which is behind the content afterwards; what does not fit is damage
     * @return bytes of the raw deflate stream between header and trailer, or {@link #CORRUPT}
     */
    public int inflate(ByteBuffer stream, ByteBuffer plain) {
        if (stream.remaining() < HEADER + TRAILER) {
            return CORRUPT;
        }
        int method = stream.get(stream.position()) & 0xFF;
        int flags = stream.get(stream.position() + 1) & 0xFF;
        if ((method & 0xF) != 8 || (flags & 0x20) != 0 || (method << 8 | flags) % 31 != 0) {
            return CORRUPT;
        }
        ByteBuffer body = stream.duplicate();
        int start = body.position() + HEADER;
        body.position(start);
        int plainStart = plain.position();
        RawInflater inflater = inflaters.pollFirst();
        if (inflater == null) {
            inflater = library.newInflater();
        }
        RawInflater.End end;
        try {
            end = inflater.inflate(body, plain);
        } finally {
            inflaters.addFirst(inflater);
        }
        if (end != RawInflater.End.STREAM_END || body.remaining() < TRAILER) {
            return CORRUPT;
        }
        int expected = body.duplicate().order(ByteOrder.BIG_ENDIAN).getInt(body.position());
        int actual = adler(plain.duplicate().position(plainStart).limit(plain.position()));
        return expected == actual ? body.position() - start : CORRUPT;
    }

    /**
     * Compresses to a whole stream, if it becomes shorter than {@code plain}.
     *
     * @param plain from position to limit, neither of which moves
     * @param stream where it goes, from its position, which is behind it afterwards
     * @return false where it would not be shorter, or not fit; {@code stream}'s position is as it was then
     */
    public boolean deflate(ByteBuffer plain, ByteBuffer stream) {
        int start = stream.position();
        int limit = stream.limit();
        int room = Math.min(stream.remaining(), plain.remaining() - 1);
        if (room <= HEADER + TRAILER) {
            return false;
        }
        stream.position(start + HEADER).limit(start + room - TRAILER);
        RawDeflater deflater = deflaters.pollFirst();
        if (deflater == null) {
            deflater = library.newDeflater(library.highestLevel() > HIGHEST_OF_ZLIB ? QUICK_LEVEL : LEVEL);
        }
        boolean fits;
        try {
            fits = deflater.deflate(plain.duplicate(), stream);
        } finally {
            deflaters.addFirst(deflater);
        }
        stream.limit(limit);
        if (!fits) {
            stream.position(start);
            return false;
        }
        frame(stream, start, adler(plain));
        return true;
    }

    /** Bytes of the stream that {@link #store} makes of so many. */
    public static int storedLength(int plainLength) {
        int blocks = Math.max(1, (plainLength + STORED_MAXIMUM - 1) / STORED_MAXIMUM);
        return HEADER + plainLength + blocks * STORED_HEADER + TRAILER;
    }

    /** Makes a stream that holds bytes as they are (RFC 1951, 3.2.4), for what does not become shorter. */
    public static void store(ByteBuffer plain, ByteBuffer stream) {
        ByteBuffer in = plain.duplicate();
        int start = stream.position();
        stream.position(start + HEADER);
        do {
            int length = Math.min(STORED_MAXIMUM, in.remaining());
            stream.put((byte) (length == in.remaining() ? 1 : 0));
            stream.put((byte) length).put((byte) (length >>> 8));
            stream.put((byte) ~length).put((byte) (~length >>> 8));
            stream.put(in.slice(in.position(), length));
            in.position(in.position() + length);
        } while (in.hasRemaining());
        frame(stream, start, adler(plain));
    }

    /** Makes a stream of a raw deflate stream and what it decompresses to. */
    public static void wrap(ByteBuffer raw, ByteBuffer plain, ByteBuffer stream) {
        int start = stream.position();
        stream.position(start + HEADER);
        stream.put(raw.duplicate());
        frame(stream, start, adler(plain));
    }

    private static void frame(ByteBuffer stream, int start, int adler) {
        ByteBuffer frame = stream.duplicate().order(ByteOrder.BIG_ENDIAN);
        frame.putShort(start, ZLIB_HEADER);
        frame.putInt(stream.position(), adler);
        stream.position(stream.position() + TRAILER);
    }

    private static int adler(ByteBuffer plain) {
        Adler32 adler = new Adler32();
        adler.update(plain.duplicate());
        return (int) adler.getValue();
    }

    /** Frees the contexts. Idempotent. */
    @Override
    public void close() {
        for (RawInflater each; (each = inflaters.pollFirst()) != null; ) {
            each.close();
        }
        for (RawDeflater each; (each = deflaters.pollFirst()) != null; ) {
            each.close();
        }
    }
}
