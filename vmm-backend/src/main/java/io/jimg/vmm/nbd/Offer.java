package io.jimg.vmm.nbd;

import io.jimg.nbd.ExportInfo.Replies;
import io.jimg.nbd.wire.Transmission;
import io.jimg.vmm.ExportCounters;
import java.util.List;

/**
 * An export as a server keeps it.
 *
 * @param export what is offered
 * @param contexts its contexts of metadata
 * @param counters what was asked of it
 * @param shared whether several clients may use it at once
 */
record Offer(NbdExport export, List<MetadataContext> contexts, ExportCounters counters, boolean shared) {
    private static final int LEAST_PREFERRED = 4096;
    private static final int MOST_PREFERRED = 1 << 20;

    static Offer of(NbdExport export, boolean shared) {
        return new Offer(export, MetadataContext.of(export), new ExportCounters(), shared);
    }

    long size() {
        return export.device().size();
    }

    /**
     * Transmission flags for a client.
     *
     * @param payloads whether block status with a payload is offered to who uses extended headers
     */
    int flags(Replies replies, boolean payloads) {
        int flags = Transmission.HAS_FLAGS
                | Transmission.SEND_FLUSH
                | Transmission.SEND_FUA
                | Transmission.SEND_CACHE
                | (export.readOnly()
                        ? Transmission.READ_ONLY
                        : Transmission.SEND_TRIM | Transmission.SEND_WRITE_ZEROES | Transmission.SEND_FAST_ZERO);
        if (shared) {
            // A device's flush covers what has completed on any thread, and so on any connection.
            flags |= Transmission.CAN_MULTI_CONN;
        }
        if (replies != Replies.SIMPLE) {
            flags |= Transmission.SEND_DF;
        }
        if (replies == Replies.EXTENDED && payloads) {
            flags |= Transmission.BLOCK_STATUS_PAYLOAD;
        }
        return flags;
    }

    /** The block size that requests should keep to: a power of two. */
    int preferredBlock() {
        return Math.min(
                MOST_PREFERRED,
                Math.max(LEAST_PREFERRED, export.device().limits().requestAlignment()));
    }
}
