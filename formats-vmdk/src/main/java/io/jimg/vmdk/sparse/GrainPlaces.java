package io.jimg.vmdk.sparse;

import org.jspecify.annotations.Nullable;

/**
 * Where the grains of an extent's file lie, to find two in one place. Exact wherever they begin, aligned or not. Memory
 * is four bytes for each stretch of a grain's length (a bit for each sector where grains are compressed and have no
 * fixed length) in the parts of the file that hold some, and at most {@link #MOST_PAGES} pages of 16 KiB.
 */
final class GrainPlaces {
    /** The most pages: grains of 64 KiB in a TiB of a file, or streams in 256 GiB. */
    static final int MOST_PAGES = 4096;

    private static final int PAGE = 4096;
    private static final long SECTORS = 1L << 32;

    /** What is known of a place. */
    enum Answer {
        /** No other grain lies there. */
        FREE,
        /** Another one does, at least in part. */
        TAKEN,
        /** Too many places are known already. */
        UNKNOWN
    }

    private final int grainSectors;
    private final int[][] pages;
    private int made;

    /**
     * For grains of a length.
     *
     * @param grainSectors sectors of each; 1 where their lengths differ, so that each of their sectors is noted
     */
    GrainPlaces(int grainSectors) {
        this.grainSectors = grainSectors;
        this.pages = new int[(int) (slot(SECTORS) / PAGE) + 1][];
    }

    private long slot(long sector) {
        return grainSectors == 1 ? sector / Integer.SIZE : sector / grainSectors;
    }

    /**
     * Notes a grain, and says whether another lies there.
     *
     * @param sectors how long it is; where all have one length, that
     */
    Answer take(long sector, int sectors) {
        return grainSectors == 1 ? takeEach(sector, sectors) : takeStart(sector);
    }

    private Answer takeEach(long first, int sectors) {
        boolean taken = false;
        for (long sector = first; sector < first + sectors; sector++) {
            int[] page = sector < SECTORS ? page(slot(sector)) : null;
            if (page == null) {
                return taken ? Answer.TAKEN : Answer.UNKNOWN;
            }
            int index = (int) (slot(sector) % PAGE);
            int bit = 1 << sector % Integer.SIZE;
            taken |= (page[index] & bit) != 0;
            page[index] |= bit;
        }
        return taken ? Answer.TAKEN : Answer.FREE;
    }

    private Answer takeStart(long sector) {
        long slot = slot(sector);
        int[] page = page(slot);
        if (page == null) {
            return Answer.UNKNOWN;
        }
        int index = (int) (slot % PAGE);
        // A slot holds where in it a grain begins, plus 1; two that begin in one slot overlap.
        int start = (int) (sector % grainSectors) + 1;
        int next = startIn(slot + 1);
        boolean taken = page[index] != 0 || startIn(slot - 1) > start || (next != 0 && next < start);
        if (page[index] == 0) {
            page[index] = start;
        }
        return taken ? Answer.TAKEN : Answer.FREE;
    }

    private int startIn(long slot) {
        if (slot < 0 || slot / PAGE >= pages.length) {
            return 0;
        }
        int[] page = pages[(int) (slot / PAGE)];
        return page == null ? 0 : page[(int) (slot % PAGE)];
    }

    private int @Nullable [] page(long slot) {
        int number = (int) (slot / PAGE);
        int[] page = pages[number];
        if (page == null && made < MOST_PAGES) {
            page = new int[PAGE];
            pages[number] = page;
            made++;
        }
        return page;
    }
}
