package io.jimg.qcow2.image;

import io.jimg.BlockDevice;
import io.jimg.qcow2.encryption.GuestData;
import io.jimg.qcow2.mapping.Mapper;
import io.jimg.qcow2.mapping.Run;
import io.jimg.storage.StorageEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The way of a read: runs of the mapping, each straight into the caller's buffer. Takes no lock. */
final class GuestReader {
    private static final ByteBuffer ZEROES = ByteBuffer.allocateDirect(64 << 10).asReadOnlyBuffer();

    private final Mapper mapper;
    private final GuestData data;
    private final CompressedReader compressed;
    private final @Nullable BlockDevice backing;

    /**
     * A reader of one mapping.
     *
     * @param data where host offsets of data runs lie
     * @param backing the image beneath; null for none
     */
    GuestReader(Mapper mapper, GuestData data, CompressedReader compressed, @Nullable BlockDevice backing) {
        this.mapper = mapper;
        this.data = data;
        this.compressed = compressed;
        this.backing = backing;
    }

    /** Fills the buffer. */
    void read(ByteBuffer destination, long guestOffset) throws IOException {
        int start = destination.position();
        int length = destination.remaining();
        for (int done = 0; done < length; ) {
            Run run = mapper.find(guestOffset + done, length - done);
            ByteBuffer part = done == 0 && run.length() == length
                    ? destination
                    : destination.slice(start + done, (int) run.length());
            readRun(part, run);
            done += (int) run.length();
        }
        destination.position(start + length);
    }

    private void readRun(ByteBuffer part, Run run) throws IOException {
        switch (run.kind()) {
            case DATA -> {
                data.about(StorageEvent.READ_AIO);
                data.read(part, run.hostOffset(), run.guestOffset());
            }
            case COMPRESSED -> compressed.read(part, run);
            case ZERO, ZERO_RESERVED -> fillZeroes(part);
            case UNALLOCATED, UNALLOCATED_RESERVED -> readBacking(part, run.guestOffset());
        }
    }

    /** The backing file's bytes; zeroes where it is shorter or there is none. */
    void readBacking(ByteBuffer part, long guestOffset) throws IOException {
        int inside = backing == null ? 0 : (int) Math.max(0, Math.min(part.remaining(), backing.size() - guestOffset));
        if (backing != null && inside > 0) {
            data.about(StorageEvent.READ_BACKING_AIO);
            if (inside == part.remaining()) {
                backing.read(part, guestOffset);
            } else {
                backing.read(part.slice(part.position(), inside), guestOffset);
                part.position(part.position() + inside);
            }
        }
        fillZeroes(part);
    }

    static void fillZeroes(ByteBuffer part) {
        while (part.hasRemaining()) {
            part.put(ZEROES.duplicate().limit(Math.min(ZEROES.capacity(), part.remaining())));
        }
    }
}
