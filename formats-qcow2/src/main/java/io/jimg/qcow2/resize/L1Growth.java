package io.jimg.qcow2.resize;

import io.jimg.qcow2.allocation.Allocation;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.change.MetadataChange;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.qcow2.tree.L1Entries;
import java.io.IOException;
import java.util.Arrays;

/**
 * Gives the L1 table more entries, the disk's size staying as it is. The new table is durable with its refcounts before
 * the header turns to it, and the old one is freed behind, so that power loss leaves leaked clusters at worst.
 */
public final class L1Growth implements MetadataChange<Integer> {
    private final int entries;

    /**
     * A growth.
     *
     * @param entries how many the table shall have, more than now and no more than the format allows
     */
    public L1Growth(int entries) {
        this.entries = entries;
    }

    @Override
    public Integer apply(ExclusiveFile image) throws IOException {
        Header header = image.header();
        long[] old = L1Entries.read(image.file(), header.l1TableOffset(), header.l1Size());
        Allocation place = image.allocator().allocateRun(clusters(header, entries));
        L1Entries.write(image.file(), place.hostOffset(), Arrays.copyOf(old, entries), header.clusterSize());
        image.commitRefcounts();
        image.changeHeader(sector ->
                sector.putInt(HeaderFields.L1_SIZE, entries).putLong(HeaderFields.L1_TABLE_OFFSET, place.hostOffset()));
        if (old.length > 0) {
            image.allocator().release(header.l1TableOffset(), clusters(header, old.length));
        }
        return entries;
    }

    private static int clusters(Header header, int entries) {
        return (entries * Long.BYTES + header.clusterSize() - 1) >>> header.clusterBits();
    }
}
