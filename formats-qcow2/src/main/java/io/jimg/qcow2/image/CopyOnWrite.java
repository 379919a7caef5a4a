package io.jimg.qcow2.image;

import io.jimg.BlockDevice;
import io.jimg.Extent;
import io.jimg.qcow2.encryption.GuestData;
import io.jimg.qcow2.mapping.RunKind;
import io.jimg.storage.StorageEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Writes data to a new place together with what surrounds it in its clusters, in as few requests as that takes. */
final class CopyOnWrite {
    private final GuestReader reader;
    private final GuestData data;
    private final @Nullable BlockDevice backing;
    private final ScratchBuffers buffers;
    private final long guestSize;
    private final int assembledLimit;

    /**
     * For one image.
     *
     * @param guestSize bytes; what lies beyond is zero
     * @param assembledLimit bytes up to which data is copied into one buffer with its surroundings, for the sake of one
     *     request
     */
    CopyOnWrite(
            GuestReader reader,
            GuestData data,
            @Nullable BlockDevice backing,
            ScratchBuffers buffers,
            long guestSize,
            int assembledLimit) {
        this.reader = reader;
        this.data = data;
        this.backing = backing;
        this.buffers = buffers;
        this.guestSize = guestSize;
        this.assembledLimit = assembledLimit;
    }

    /**
     * Writes.
     *
     * @param source the data
     * @param hostOffset where {@code around.from()} goes
     * @param fresh whether the place reads as zero, so that zero surroundings need no write, unless data is encrypted
     */
    void write(ByteBuffer source, Surroundings around, long hostOffset, boolean fresh) throws IOException {
        boolean zeroed = fresh && !data.encrypted();
        boolean head = around.headLength() > 0 && !(zeroed && zero(around, around.from(), around.headLength()));
        boolean tail = around.tailLength() > 0 && !(zeroed && zero(around, around.end(), around.tailLength()));
        if (!head && !tail) {
            data.about(StorageEvent.WRITE_AIO);
            data.write(source, hostOffset + around.headLength(), around.start());
            return;
        }
        long from = head ? around.from() : around.start();
        long to = tail ? around.to() : around.end();
        if (to - from <= assembledLimit) {
            ByteBuffer whole = buffers.take((int) (to - from));
            try {
                readHead(whole, around, head);
                whole.put(source);
                readTail(whole, around, tail);
                data.about(StorageEvent.WRITE_AIO);
                data.write(whole.flip(), hostOffset + (from - around.from()), from);
            } finally {
                buffers.give(whole);
            }
            return;
        }
        writeApart(source, around, hostOffset, head, tail);
    }

    private void writeApart(ByteBuffer source, Surroundings around, long hostOffset, boolean head, boolean tail)
            throws IOException {
        ByteBuffer part = buffers.take(Math.max(around.headLength(), around.tailLength()));
        try {
            if (head) {
                readHead(part.clear(), around, true);
                data.about(StorageEvent.COW_WRITE);
                data.write(part.flip(), hostOffset, around.from());
            }
            data.about(StorageEvent.WRITE_AIO);
            data.write(source, hostOffset + around.headLength(), around.start());
            if (tail) {
                readTail(part.clear(), around, true);
                data.about(StorageEvent.COW_WRITE);
                data.write(part.flip(), hostOffset + (around.end() - around.from()), around.end());
            }
        } finally {
            buffers.give(part);
        }
    }

    private void readHead(ByteBuffer target, Surroundings around, boolean wanted) throws IOException {
        if (wanted) {
            readGuest(target, around.from(), around.headLength());
        }
    }

    private void readTail(ByteBuffer target, Surroundings around, boolean wanted) throws IOException {
        if (wanted) {
            readGuest(target, around.end(), around.tailLength());
        }
    }

    private void readGuest(ByteBuffer target, long guestOffset, int length) throws IOException {
        int inside = (int) Math.max(0, Math.min(length, guestSize - guestOffset));
        int limit = target.limit();
        if (inside > 0) {
            target.limit(target.position() + inside);
            data.about(StorageEvent.COW_READ);
            reader.read(target, guestOffset);
        }
        target.limit(target.position() + length - inside);
        GuestReader.fillZeroes(target);
        target.limit(limit);
    }

    /** Whether surroundings are known to be zero. */
    private boolean zero(Surroundings around, long guestOffset, int length) throws IOException {
        if (!around.uniform()) {
            return false;
        }
        RunKind kind = around.run().kind();
        if (kind.isZero()) {
            return true;
        }
        if (!kind.showsBacking()) {
            return false;
        }
        long end = backing == null ? 0 : Math.min(backing.size(), guestOffset + length);
        for (long at = guestOffset; backing != null && at < end; ) {
            Extent extent = backing.extentAt(at, end - at);
            if (!extent.zero()) {
                return false;
            }
            at = extent.end();
        }
        return true;
    }
}
