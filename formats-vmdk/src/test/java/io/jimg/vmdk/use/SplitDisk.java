package io.jimg.vmdk.use;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** Disks of many small extents, sparse and flat ones side by side. */
public final class SplitDisk {
    private static final int SECTOR = 512;
    private static final int MOST = 400;

    private SplitDisk() {}

    /**
     * Makes a descriptor and its extents, beside it.
     *
     * @param sectors guest sectors of the disk
     * @param unit every border is a multiple of so many sectors
     */
    public static void create(Path disk, int sectors, int unit, long seed) throws IOException {
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder(
                "# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType=\"twoGbMaxExtentSparse\"\n");
        int extents = 0;
        for (int at = 0; at < sectors; ) {
            int length = Math.min(sectors - at, unit * (1 + random.nextInt(MOST / unit)));
            String name = "extent-" + extents++;
            Path file = disk.resolveSibling(name);
            if (random.nextInt(3) == 0) {
                try (RandomAccessFile flat = new RandomAccessFile(file.toFile(), "rw")) {
                    int first = random.nextInt(3);
                    flat.setLength((long) (first + length) * SECTOR);
                    text.append("RW " + length + " FLAT \"" + name + "\" " + first + "\n");
                }
            } else {
                Disks.create(file, (long) length * SECTOR, "zeroed_grain=" + (random.nextBoolean() ? "on" : "off"))
                        .plan()
                        .job()
                        .run();
                text.append("RW " + length + " SPARSE \"" + name + "\"\n");
            }
            at += length;
        }
        Files.writeString(disk, text);
    }
}
