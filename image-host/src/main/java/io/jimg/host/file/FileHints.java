package io.jimg.host.file;

import io.jimg.host.kernel.Kernel;
import io.jimg.host.kernel.SystemCall;
import java.io.IOException;
import java.nio.ByteBuffer;

/** What a file system may be told of a new file that is still empty. */
public final class FileHints {
    /** The largest hint on the size of extents, in bytes. */
    public static final long LARGEST_EXTENT_SIZE = 0xffff_ffffL;

    private static final int FS_IOC_GETFLAGS = 0x80086601;
    private static final int FS_IOC_SETFLAGS = 0x40086602;
    private static final int FS_NOCOW_FL = 0x00800000;

    private static final int FS_IOC_FSGETXATTR = 0x801c581f;
    private static final int FS_IOC_FSSETXATTR = 0x401c5820;
    private static final int FS_XFLAG_EXTSIZE = 0x00000800;
    /** The size of the kernel's structure {@code fsxattr}. */
    private static final int FSXATTR = 28;

    private FileHints() {}

    /**
     * Turns copy-on-write off, as {@code chattr +C} does.
     *
     * @param file open for writing, and empty
     * @return {@link Outcome#UNSUPPORTED} where the file system has no such flag
     * @throws IOException if it fails
     */
    public static Outcome noCopyOnWrite(HostFile file) throws IOException {
        ByteBuffer flags = Kernel.struct(Long.BYTES);
        Outcome known = file.outcome(file.call(SystemCall.IOCTL, FS_IOC_GETFLAGS, flags));
        if (known != Outcome.DONE) {
            return known;
        }
        flags.putInt(0, flags.getInt(0) | FS_NOCOW_FL);
        return file.outcome(file.call(SystemCall.IOCTL, FS_IOC_SETFLAGS, flags));
    }

    /**
     * Sets the size in which extents are best allocated, as {@code xfs_io -c "extsize ..."} does.
     *
     * @param file open for writing, and empty
     * @param bytes a multiple of the file system's block, up to {@link #LARGEST_EXTENT_SIZE}
     * @return {@link Outcome#UNSUPPORTED} where the file system takes no hints
     * @throws IOException if it fails
     */
    public static Outcome extentSize(HostFile file, long bytes) throws IOException {
        if (bytes < 0 || bytes > LARGEST_EXTENT_SIZE) {
            throw new IllegalArgumentException("an extent size of " + bytes + " bytes");
        }
        ByteBuffer attributes = Kernel.struct(FSXATTR);
        Outcome known = file.outcome(file.call(SystemCall.IOCTL, FS_IOC_FSGETXATTR, attributes));
        if (known != Outcome.DONE) {
            return known;
        }
        attributes.putInt(0, attributes.getInt(0) | FS_XFLAG_EXTSIZE).putInt(Integer.BYTES, (int) bytes);
        return file.outcome(file.call(SystemCall.IOCTL, FS_IOC_FSSETXATTR, attributes));
    }
}
