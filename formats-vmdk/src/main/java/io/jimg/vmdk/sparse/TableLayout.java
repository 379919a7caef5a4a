package io.jimg.vmdk.sparse;

/**
 * The shape of an extent with tables of 32-bit sector numbers.
 *
 * @param grainSize bytes in a grain
 * @param tableEntries entries in a table
 * @param tables entries of the directory
 * @param zeroedGrains whether the entry 1 stands for zeroes
 * @param compressed whether grains have no fixed size in the file
 */
record TableLayout(int grainSize, int tableEntries, int tables, boolean zeroedGrains, boolean compressed) {
    static final int SECTOR = 512;

    /** Bytes in a table, whole sectors. */
    int tableBytes() {
        return (tableEntries * Integer.BYTES + SECTOR - 1) & -SECTOR;
    }

    /** Bytes in the directory, whole sectors. */
    long directoryBytes() {
        return ((long) tables * Integer.BYTES + SECTOR - 1) & -SECTOR;
    }
}
