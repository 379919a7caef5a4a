package io.jimg.qcow2.header;

import io.jimg.ErrorKind;
import io.jimg.ImageException;

/** How far into a file QEMU reads: what a header places beyond is a failed read, not zeroes past the file's end. */
public final class HostRange {
    /** First host offset out of QEMU's reach: the largest multiple of 1 GiB. */
    private static final long END = Long.MAX_VALUE >> 30 << 30;

    private HostRange() {}

    /** Whether a file can reach so far. */
    public static boolean reaches(long hostOffset, long length) {
        return hostOffset >= 0 && hostOffset <= END - length;
    }

    /**
     * Throws where a structure cannot be read.
     *
     * @param failed what failed then, without full stop
     * @param hostOffset where the structure begins
     * @param resource the file's name, for the exception
     * @throws ImageException {@link ErrorKind#IO}
     */
    public static void require(String failed, long hostOffset, String resource) throws ImageException {
        if (hostOffset < 0 || hostOffset >= END) {
            throw new ImageException(ErrorKind.IO, failed + ": Input/output error", resource, hostOffset, null);
        }
    }
}
