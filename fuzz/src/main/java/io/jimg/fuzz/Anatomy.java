package io.jimg.fuzz;

import java.nio.ByteOrder;
import java.util.List;

/** Where a sound image of a format has its numbers, by the format's specification. */
final class Anatomy {
    private static final long QCOW2_OFFSET = 0x00FF_FFFF_FFFF_FE00L;
    private static final int QCOW2_MAGIC = 0x514649FB;
    private static final int SECTOR = 512;
    private static final int COWD_MAGIC = 0x44574F43;
    private static final int SPARSE_MAGIC = 0x564D444B;
    private static final long SE_SPARSE_MAGIC = 0xCAFEBABEL;
    private static final int LUKS_SLOTS = 8;

    private Anatomy() {}

    /** The numbers of whatever it is; none where there are none that we know. */
    static List<Site> of(byte[] image) {
        Sites big = new Sites(image, ByteOrder.BIG_ENDIAN, 1);
        Sites little = new Sites(image, ByteOrder.LITTLE_ENDIAN, SECTOR);
        if (big.number32(0) == QCOW2_MAGIC) {
            qcow2(big);
        } else if (big.number32(0) == 0x4C554B53L) {
            luks(big);
        } else if (little.number32(0) == SPARSE_MAGIC) {
            sparse(little, 0);
            // The footer of a stream, and the marker before it.
            sparse(little, image.length - 2L * SECTOR);
            little.fields(image.length - 3L * SECTOR, 0, 8, 8, 4, 12, 4);
        } else if (little.number32(0) == COWD_MAGIC) {
            little.fields(0, 4, 4, 8, 4, 12, 4, 16, 4, 20, 4, 24, 4, 28, 4, 1648, 4);
            tables(little, little.number32(20) * SECTOR, little.number32(24), 4, 4096);
        } else if (little.number64(0) == SE_SPARSE_MAGIC) {
            for (int field = 8; field < 208; field += 8) {
                little.fields(0, field, 8);
            }
            little.fields(little.number64(80) * SECTOR, 0, 8, 8, 8, 16, 8, 24, 1);
            little.table(little.number64(128) * SECTOR, 8, 8);
            little.table(little.number64(144) * SECTOR, 16, 8);
        }
        return big.found().isEmpty() ? little.found() : big.found();
    }

    private static void qcow2(Sites sites) {
        sites.fields(0, 4, 4, 8, 8, 16, 4, 20, 4, 24, 8, 32, 4, 36, 4, 40, 8, 48, 8, 56, 4, 60, 4, 64, 8);
        long length = 72;
        if (sites.number32(4) >= 3) {
            sites.fields(0, 72, 8, 80, 8, 88, 8, 96, 4, 100, 4, 104, 1);
            length = sites.number32(100);
        }
        extensions(sites, length);
        int clusterSize = 1 << Math.min(21, sites.number32(20));
        boolean extended = sites.number32(4) >= 3 && (sites.number64(72) & 16) != 0;
        l1(sites, sites.number64(40), sites.number32(36), extended);
        long refcounts = sites.number64(48);
        sites.table(refcounts, sites.number32(56) * clusterSize / 8, 8);
        sites.table(sites.number64(refcounts) & QCOW2_OFFSET, clusterSize / 8, 8);
        long snapshot = sites.number64(64);
        for (int i = 0; i < Math.min(3, sites.number32(60)); i++) {
            sites.fields(snapshot, 0, 8, 8, 4, 12, 2, 14, 2, 16, 4, 32, 4, 36, 4, 40, 8, 48, 8);
            l1(sites, sites.number64(snapshot), sites.number32(snapshot + 8), extended);
            long names = (sites.number32(snapshot + 12) >>> 16) + (sites.number32(snapshot + 12) & 0xFFFF);
            snapshot += (40 + sites.number32(snapshot + 36) + names + 7) / 8 * 8;
        }
    }

    private static void l1(Sites sites, long hostOffset, long entries, boolean extended) {
        sites.table(hostOffset, entries, 8);
        int tables = 0;
        for (long i = 0; i < Math.min(entries, 64) && tables < 2; i++) {
            long l2 = sites.number64(hostOffset + 8 * i) & QCOW2_OFFSET;
            if (l2 != 0) {
                sites.table(l2, extended ? 24 : 16, 8);
                tables++;
            }
        }
    }

    private static void extensions(Sites sites, long start) {
        long at = start;
        for (int i = 0; i < 8; i++) {
            long length = sites.number32(at + 4);
            sites.fields(at, 0, 4, 4, 4);
            if (sites.number32(at) == 0x23852875L) {
                sites.fields(at, 8, 4, 16, 8, 24, 8);
                bitmaps(sites, sites.number64(at + 24), sites.number32(at + 8));
            } else if (sites.number32(at) == 0x0537BE77L) {
                sites.fields(at, 8, 8, 16, 8);
                luksAt(sites, sites.number64(at + 8));
            } else if (sites.number32(at) == 0) {
                return;
            }
            at += 8 + (length + 7) / 8 * 8;
        }
    }

    private static void bitmaps(Sites sites, long directory, long count) {
        long at = directory;
        for (int i = 0; i < Math.min(4, count); i++) {
            sites.fields(at, 0, 8, 8, 4, 12, 4, 16, 1, 17, 1, 18, 2, 20, 4);
            sites.table(sites.number64(at), sites.number32(at + 8), 8);
            long name = sites.number32(at + 16) & 0xFFFF;
            at += (24 + name + sites.number32(at + 20) + 7) / 8 * 8;
        }
    }

    private static void luks(Sites sites) {
        luksAt(sites, 0);
    }

    private static void luksAt(Sites sites, long at) {
        sites.fields(at, 0, 4, 4, 2, 6, 2, 8, 1, 9, 1, 40, 1, 43, 1, 72, 1, 75, 1, 104, 4, 108, 4, 164, 4, 168, 1);
        for (int slot = 0; slot < LUKS_SLOTS; slot++) {
            sites.fields(at + 208 + 48L * slot, 0, 4, 4, 4, 40, 4, 44, 4);
        }
    }

    private static void sparse(Sites sites, long at) {
        if (sites.number32(at) == SPARSE_MAGIC) {
            sites.fields(at, 4, 4, 8, 4, 12, 8, 20, 8, 28, 8, 36, 8, 44, 4, 48, 8, 56, 8, 64, 8, 72, 1, 73, 4, 77, 2);
            tables(sites, sites.number64(at + 48) * SECTOR, 4, 4, sites.number32(at + 44));
            tables(sites, sites.number64(at + 56) * SECTOR, 4, 4, sites.number32(at + 44));
            // A stream's first grain with its marker.
            sites.fields(sites.number64(at + 64) * SECTOR, 0, 8, 8, 4, 12, 4);
        }
    }

    private static void tables(Sites sites, long directory, long entries, int width, long tableEntries) {
        sites.table(directory, entries, width);
        sites.table(sites.number32(directory) * SECTOR, tableEntries, width);
    }
}
