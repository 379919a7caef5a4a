package io.jimg.qcow2.allocation;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.mapping.Geometry;

/**
 * How large a refcount table has to be that counts more clusters: half as large again, and with entries for the blocks
 * that count it and themselves, which lie behind it.
 *
 * @param firstBlock index of the first of these blocks: the first that the old table has none for
 * @param tableClusters clusters of the new table
 * @param newBlocks how many blocks follow it
 */
record LargerTable(int firstBlock, int tableClusters, int newBlocks) {

    /**
     * The table to make where one has become too small.
     *
     * @param index of the block that it must have an entry for
     * @throws ImageException {@link ErrorKind#LIMIT} where that table would be larger than any may be
     */
    static LargerTable reaching(long index, RefcountTable table, Geometry geometry) throws ImageException {
        int firstBlock = table.end();
        long entries = Math.max(index + 1, table.length() + table.length() / 2L);
        int tableClusters;
        int newBlocks;
        do {
            tableClusters = (int) Math.min(Integer.MAX_VALUE, geometry.clusters(entries * Long.BYTES));
            newBlocks = 1;
            while (newBlocks << geometry.refcountBlockBits() < tableClusters + newBlocks) {
                newBlocks++;
            }
            long needed = firstBlock + (long) newBlocks + 1;
            if (entries >= needed) {
                break;
            }
            entries = needed;
        } while (true);
        long neededEntries = Math.max(index + 1, firstBlock + (long) newBlocks);
        return new LargerTable(firstBlock, limited(tableClusters, neededEntries, geometry), newBlocks);
    }

    /** Cuts the table's growth to the limit, and throws where even what is needed lies beyond it. */
    private static int limited(int tableClusters, long neededEntries, Geometry geometry) throws ImageException {
        int most = Math.max(RefcountTable.MAXIMUM_BYTES >> geometry.clusterBits(), 1);
        if (geometry.clusters(neededEntries * Long.BYTES) > most) {
            throw new ImageException(
                    ErrorKind.LIMIT,
                    "The image file cannot grow any more: its refcount table would exceed "
                            + (RefcountTable.MAXIMUM_BYTES >> 20) + " MiB");
        }
        return Math.min(tableClusters, most);
    }
}
