package io.jimg.vmm.virtio;

import io.jimg.Limits;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The configuration space (VIRTIO 1.2, section 5.2.4). */
final class BlkConfig {
    /** Bytes up to and with the fields of secure erase, which are 0. */
    static final int LENGTH = 72;

    /** Offset of the one field that a driver may write. */
    static final int WRITEBACK = 32;

    static final int SECTOR = 512;

    /** Segments of a read or write: what a queue of 128 has beside header and status. */
    static final int SEGMENTS = 126;

    /** Segments of a discard or a write of zeroes. */
    static final int RANGES = 32;

    /** Sectors of a range to discard: 1 GiB. */
    static final int DISCARD_SECTORS = 1 << 21;

    /** Sectors of a range to zero: 64 MiB, since a device may have to write them. */
    static final int ZERO_SECTORS = 1 << 17;

    private static final int CAPACITY = 0;
    private static final int SEG_MAX = 12;
    private static final int BLK_SIZE = 20;
    private static final int PHYSICAL_BLOCK_EXP = 24;
    private static final int MIN_IO_SIZE = 26;
    private static final int OPT_IO_SIZE = 28;
    private static final int NUM_QUEUES = 34;
    private static final int MAX_DISCARD_SECTORS = 36;
    private static final int MAX_DISCARD_SEG = 40;
    private static final int DISCARD_SECTOR_ALIGNMENT = 44;
    private static final int MAX_WRITE_ZEROES_SECTORS = 48;
    private static final int MAX_WRITE_ZEROES_SEG = 52;
    private static final int WRITE_ZEROES_MAY_UNMAP = 56;
    private static final int LARGEST_PHYSICAL_BLOCK = 4096;

    private BlkConfig() {}

    /** The space of a device whose cache is on. */
    static ByteBuffer of(long sectors, Limits limits, VirtioBlkSettings settings, boolean writable) {
        ByteBuffer space = ByteBuffer.allocate(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        int block = settings.logicalBlock();
        int physical = Math.min(LARGEST_PHYSICAL_BLOCK, Math.max(block, limits.requestAlignment()));
        space.putLong(CAPACITY, sectors);
        space.putInt(SEG_MAX, SEGMENTS);
        space.putInt(BLK_SIZE, block);
        space.put(PHYSICAL_BLOCK_EXP, (byte) Integer.numberOfTrailingZeros(physical / block));
        space.putShort(MIN_IO_SIZE, (short) (physical / block));
        space.putInt(OPT_IO_SIZE, Math.max(physical, limits.preferredTransfer()) / block);
        space.put(WRITEBACK, (byte) 1);
        space.putShort(NUM_QUEUES, (short) settings.queues());
        if (writable) {
            space.putInt(MAX_DISCARD_SECTORS, DISCARD_SECTORS);
            space.putInt(MAX_DISCARD_SEG, RANGES);
            space.putInt(DISCARD_SECTOR_ALIGNMENT, Math.max(block, limits.discardAlignment()) / SECTOR);
            space.putInt(MAX_WRITE_ZEROES_SECTORS, ZERO_SECTORS);
            space.putInt(MAX_WRITE_ZEROES_SEG, RANGES);
            space.put(WRITE_ZEROES_MAY_UNMAP, (byte) 1);
        }
        return space;
    }
}
