package io.jimg.storage;

/**
 * One run of a storage's bytes.
 *
 * @param hostOffset first byte
 * @param length bytes, greater than zero
 * @param data whether the run occupies space, or may
 * @param zero whether the run is known to read as zero
 */
public record HostExtent(long hostOffset, long length, boolean data, boolean zero) {

    /** A hole, or bytes of which nothing is known. */
    public HostExtent(long hostOffset, long length, boolean hole) {
        this(hostOffset, length, !hole, hole);
    }

    /** Whether the run is known to read as zero and to occupy no space. */
    public boolean hole() {
        return zero && !data;
    }

    /** First byte after the run. */
    public long end() {
        return hostOffset + length;
    }
}
