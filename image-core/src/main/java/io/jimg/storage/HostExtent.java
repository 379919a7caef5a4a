package io.jimg.storage;

/**
 * One run of a storage's bytes.
 *
 * @param hostOffset first byte
 * @param length bytes, greater than zero
 * @param hole whether the run is known to read as zero and to occupy no space
 */
public record HostExtent(long hostOffset, long length, boolean hole) {

    /** First byte after the run. */
    public long end() {
        return hostOffset + length;
    }
}
