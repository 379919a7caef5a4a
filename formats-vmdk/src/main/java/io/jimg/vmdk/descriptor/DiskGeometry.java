package io.jimg.vmdk.descriptor;

/**
 * The geometry that the disk data base states.
 *
 * <p>For IDE: 16 heads, 63 sectors and at most 16383 cylinders, which is what ATA can address so (ATA/ATAPI-6, 6.2) and
 * where VMware's and VirtualBox's own disks stop ("Virtual Disk Format 1.1", the example of a disk data base). For
 * SCSI: what VMware's adapters translate to, by size (VMware KB 1002511, "Recreating a missing virtual machine disk
 * descriptor file"): 64 heads and 32 sectors below 1 GiB, 128 and 32 below 2 GiB, 255 and 63 above. A disk has one
 * cylinder at least: VirtualBox takes none for a geometry that is missing.
 *
 * @param cylinders at least 1
 * @param heads at least 1
 * @param sectors sectors in a track
 */
public record DiskGeometry(long cylinders, int heads, int sectors) {
    private static final long GIB = 1L << 30;
    private static final long MOST_IDE_CYLINDERS = 16383;

    /** Of an IDE disk. */
    public static DiskGeometry ide(long bytes) {
        return of(bytes, 16, 63, MOST_IDE_CYLINDERS);
    }

    /** Of a SCSI disk. */
    public static DiskGeometry scsi(long bytes) {
        if (bytes < GIB) {
            return of(bytes, 64, 32, Long.MAX_VALUE);
        }
        return bytes < 2 * GIB ? of(bytes, 128, 32, Long.MAX_VALUE) : of(bytes, 255, 63, Long.MAX_VALUE);
    }

    /** Of a disk on an adapter, as {@code ddb.adapterType} has it. */
    public static DiskGeometry on(String adapter, long bytes) {
        return adapter.equalsIgnoreCase("ide") ? ide(bytes) : scsi(bytes);
    }

    private static DiskGeometry of(long bytes, int heads, int sectors, long most) {
        long cylinders = bytes / 512 / ((long) heads * sectors);
        return new DiskGeometry(Math.max(1, Math.min(most, cylinders)), heads, sectors);
    }
}
