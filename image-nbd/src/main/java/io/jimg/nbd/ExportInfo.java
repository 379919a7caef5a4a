package io.jimg.nbd;

import io.jimg.nbd.wire.Handshake;
import io.jimg.nbd.wire.Transmission;
import java.util.List;

/**
 * What a server says of an export.
 *
 * @param size bytes
 * @param flags transmission flags ("Transmission flags")
 * @param blockSizes alignment and length of requests
 * @param replies how it answers
 * @param contexts the contexts of metadata that were asked for and are there
 */
public record ExportInfo(long size, int flags, BlockSizes blockSizes, Replies replies, List<Context> contexts) {

    /** Copies the list. */
    public ExportInfo {
        contexts = List.copyOf(contexts);
    }

    /**
     * Size constraints ("Size constraints"), in bytes.
     *
     * @param minimum what offsets and lengths must be multiples of: a power of two up to 64 KiB
     * @param preferred what they had better be multiples of: a power of two
     * @param maximum the longest payload
     */
    public record BlockSizes(int minimum, int preferred, int maximum) {
        /** Those of a server that says nothing of them. */
        public static final BlockSizes DEFAULT = new BlockSizes(1, 4096, Handshake.LARGEST_PAYLOAD);
    }

    /** How a server answers in the transmission phase. */
    public enum Replies {
        /** Simple replies. */
        SIMPLE,
        /** Structured replies. */
        STRUCTURED,
        /** Structured replies, and headers with lengths of 64 bits. */
        EXTENDED
    }

    /**
     * A context of metadata.
     *
     * @param id its number on this connection
     * @param name such as {@code base:allocation}
     */
    public record Context(int id, String name) {}

    /** Whether writes are refused. */
    public boolean readOnly() {
        return has(Transmission.READ_ONLY);
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }
}
