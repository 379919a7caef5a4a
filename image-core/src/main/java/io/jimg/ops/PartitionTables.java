package io.jimg.ops;

import io.jimg.BlockDevice;
import io.jimg.validate.Inspection;
import io.jimg.validate.Place;
import io.jimg.validate.Rule;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * Looks at the partition tables of a guest's disk: the MBR, and the GPT behind a protective one (UEFI 2.10, chapter 5).
 * A boot sector of a file system that fills the whole disk is none. Reads at most the first two blocks and the GPT's
 * entries.
 */
final class PartitionTables {
    private static final int SECTOR = 512;
    private static final int TABLE = 446;
    private static final int ENTRY = 16;
    private static final int ENTRIES = 4;
    private static final int SIGNATURE = 510;
    private static final int PROTECTIVE = 0xEE;
    private static final int GPT_HEADER = 92;
    private static final int GPT_ENTRY = 128;
    /** Of the entries of a GPT, which take 16 KiB as a rule. */
    private static final int MOST_ENTRY_BYTES = 4 << 20;

    private static final long GPT_MAGIC = 0x5452415020494645L;
    private static final int[] BLOCK_SIZES = {512, 4096};
    private static final List<String> WHOLE_DISK =
            List.of("NTFS    ", "EXFAT   ", "MSDOS5.0", "mkfs.fat", "MSWIN4.1", "SYSLINUX");

    private final BlockDevice disk;
    private final Inspection inspection;

    PartitionTables(BlockDevice disk, Inspection inspection) {
        this.disk = disk;
        this.inspection = inspection;
    }

    /** One entry of an MBR. */
    private record Entry(int index, int boot, int chs, int type, long first, long sectors) {}

    void inspect() throws IOException {
        if (disk.size() < SECTOR) {
            return;
        }
        ByteBuffer sector = read(0, SECTOR);
        if (sector.getShort(SIGNATURE) != (short) 0xAA55 || bootsFileSystem(sector)) {
            return;
        }
        List<Entry> used = new ArrayList<>();
        for (int i = 0; i < ENTRIES; i++) {
            Entry entry = entry(sector, i);
            if (entry.boot() != 0 && entry.boot() != 0x80) {
                bad(i, String.format("has the boot flag 0x%02x", entry.boot()));
            }
            if (entry.type() != 0) {
                used.add(entry);
            }
        }
        if (used.isEmpty()) {
            inspection.found(Rule.PARTITION_TABLE, Place.guest(TABLE), "The MBR defines no partition");
        }
        for (Entry entry : used) {
            if (entry.type() == PROTECTIVE) {
                protective(entry, used.size());
            } else if (entry.first() + entry.sectors() > disk.size() / SECTOR) {
                bad(
                        entry.index(),
                        "ends at sector " + (entry.first() + entry.sectors()) + ", behind the end of the disk");
            }
        }
        overlaps(used);
    }

    private void protective(Entry entry, int used) throws IOException {
        // Libparted writes sector 1 where the specification has 2.
        if (entry.chs() != 0x000200 && entry.chs() != 0x000100) {
            bad(entry.index(), "protects a GPT, but does not begin at cylinder 0, head 0, sector 2");
        }
        if (entry.first() != 1) {
            bad(entry.index(), "protects a GPT, but begins at sector " + entry.first());
        }
        if (used > 1 || entry.index() != 0) {
            inspection.found(
                    Rule.HYBRID_PARTITION_TABLE,
                    new Place(Place.Kind.PARTITION, entry.index()),
                    "The MBR protects a GPT and defines " + (used - 1) + " partitions besides");
        }
        gpt();
    }

    private void gpt() throws IOException {
        for (int block : BLOCK_SIZES) {
            if (disk.size() < 2L * block) {
                continue;
            }
            ByteBuffer header = read(block, block);
            if (header.getLong(0) == GPT_MAGIC) {
                header(header, block);
                return;
            }
        }
        inspection.found(Rule.PARTITION_TABLE, Place.guest(SECTOR), "The MBR protects a GPT, but there is none");
    }

    private void header(ByteBuffer header, int block) throws IOException {
        int length = header.getInt(12);
        boolean sound = length >= GPT_HEADER && length <= block && header.getLong(24) == 1;
        if (sound) {
            int stated = header.getInt(16);
            header.putInt(16, 0);
            CRC32 crc = new CRC32();
            crc.update(header.slice(0, length));
            sound = (int) crc.getValue() == stated;
        }
        if (!sound) {
            inspection.found(Rule.PARTITION_TABLE, Place.guest(block), "The header of the GPT is damaged");
            return;
        }
        long blocks = disk.size() / block;
        long copy = header.getLong(32);
        long lastUsable = header.getLong(48);
        if (copy < 0 || copy >= blocks || lastUsable < 0 || lastUsable >= blocks) {
            inspection.found(
                    Rule.PARTITION_TABLE,
                    Place.guest(block),
                    "The GPT's copy lies at block " + Long.toUnsignedString(copy)
                            + " and its last partition may end at " + Long.toUnsignedString(lastUsable)
                            + ", but the disk has " + blocks + " blocks");
        }
        entries(header, block);
    }

    /** The partitions themselves, which the header has a sum of. */
    private void entries(ByteBuffer header, int block) throws IOException {
        long first = header.getLong(72);
        long count = Integer.toUnsignedLong(header.getInt(80));
        long size = Integer.toUnsignedLong(header.getInt(84));
        long length = count * size;
        boolean sound = size >= GPT_ENTRY
                && length <= MOST_ENTRY_BYTES
                && first >= 2
                && first <= (disk.size() - length) / block;
        if (sound) {
            CRC32 crc = new CRC32();
            crc.update(read(first * block, (int) length));
            sound = (int) crc.getValue() == header.getInt(88);
        }
        if (!sound) {
            inspection.found(
                    Rule.PARTITION_TABLE,
                    Place.guest(block + 88L),
                    "The GPT's " + count + " entries of " + size + " bytes at block " + Long.toUnsignedString(first)
                            + " are damaged");
        }
    }

    private void overlaps(List<Entry> used) {
        for (Entry one : used) {
            for (Entry other : used) {
                boolean apart =
                        one.first() >= other.first() + other.sectors() || other.first() >= one.first() + one.sectors();
                boolean hybrid = one.type() == PROTECTIVE || other.type() == PROTECTIVE;
                if (one.index() < other.index() && !apart && !hybrid) {
                    bad(other.index(), "overlaps partition " + one.index());
                }
            }
        }
    }

    private void bad(int index, String what) {
        inspection.found(
                Rule.PARTITION_TABLE,
                new Place(Place.Kind.PARTITION, index),
                "Partition " + index + " of the MBR " + what);
    }

    private static Entry entry(ByteBuffer sector, int index) {
        int at = TABLE + index * ENTRY;
        int chs = (sector.get(at + 1) & 0xFF) << 16 | (sector.get(at + 2) & 0xFF) << 8 | (sector.get(at + 3) & 0xFF);
        return new Entry(
                index,
                sector.get(at) & 0xFF,
                chs,
                sector.get(at + 4) & 0xFF,
                Integer.toUnsignedLong(sector.getInt(at + 8)),
                Integer.toUnsignedLong(sector.getInt(at + 12)));
    }

    /** Whether it is the first sector of FAT, exFAT or NTFS, whose code lies where a table would. */
    private static boolean bootsFileSystem(ByteBuffer sector) {
        int jump = sector.get(0) & 0xFF;
        if (jump != 0xEB && jump != 0xE9) {
            return false;
        }
        byte[] maker = new byte[8];
        sector.get(3, maker);
        String name = new String(maker, StandardCharsets.ISO_8859_1);
        int tables = sector.get(0x10);
        boolean fat = (tables == 1 || tables == 2) && (sector.get(0x15) & 0xF0) == 0xF0;
        return fat || WHOLE_DISK.contains(name);
    }

    private ByteBuffer read(long offset, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        disk.read(bytes, offset);
        return bytes.flip();
    }
}
