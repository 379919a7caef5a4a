package io.jimg.vmdk.sparse;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Where an extent's file goes on: what is allocated is appended, and nothing is ever given back. Safe for many threads.
 */
final class HostSpace {
    /** Sector numbers have 32 bits. */
    private static final long END = (1L << 32) * TableLayout.SECTOR;

    private final String resource;
    private final int unit;
    private final AtomicLong end;

    /**
     * Space behind a file's end.
     *
     * @param unit what places are a multiple of, in bytes
     */
    HostSpace(String resource, long fileSize, int unit) {
        this.resource = resource;
        this.unit = unit;
        this.end = new AtomicLong((fileSize + unit - 1) / unit * unit);
    }

    /** The first byte that nobody has. */
    long end() {
        return end.get();
    }

    /**
     * Takes a run of bytes.
     *
     * @throws ImageException {@link ErrorKind#NO_SPACE} where the entries of tables could not say where it is
     */
    long take(long length) throws ImageException {
        long rounded = (length + unit - 1) / unit * unit;
        long place = end.getAndAdd(rounded);
        if (place + rounded > END) {
            end.addAndGet(-rounded);
            throw new ImageException(
                    ErrorKind.NO_SPACE,
                    "No space left on device: the extent's file cannot be larger than 2 TiB",
                    resource,
                    place,
                    null);
        }
        return place;
    }
}
