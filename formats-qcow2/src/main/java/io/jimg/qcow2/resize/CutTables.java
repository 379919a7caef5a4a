package io.jimg.qcow2.resize;

import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.qcow2.tree.L1Entries;
import io.jimg.qcow2.tree.L2Content;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Cuts the mapping where it lies, where the table at the new end is the disk's own. The header turns to the new size
 * first: from then on nothing beyond is seen; then the entries beyond go, barrier; then refcounts drop. A power loss
 * leaves entries behind the end at worst, which are counted as they should be, and which a growth takes away.
 */
final class CutTables {
    private final ExclusiveFile image;
    private final long newSize;
    private final L2Content table;
    private final long[] l1;

    /** Beyond here L1 entries go. */
    private final int end;

    private final List<Long> unused = new ArrayList<>();
    private @Nullable ByteBuffer cutTable;
    private int cutFrom;

    CutTables(ExclusiveFile image, long newSize) throws IOException {
        Header header = image.header();
        this.image = image;
        this.newSize = newSize;
        this.table = new L2Content(image.file(), header);
        this.l1 = L1Entries.read(image.file(), header.l1TableOffset(), header.l1Size());
        this.end =
                Math.min(l1.length, (int) Header.l1EntriesNeeded(newSize, header.clusterBits(), header.extendedL2()));
    }

    void cut() throws IOException {
        for (int index = end; index < l1.length; index++) {
            long place = table.tableOffset(l1[index], index);
            if (place != 0) {
                unused.add(place);
            }
        }
        image.barrier();
        image.changeHeader(sector -> sector.putLong(HeaderFields.SIZE, newSize));
        cutLastTable();
        if (!unused.isEmpty()) {
            Arrays.fill(l1, end, l1.length, 0);
            L1Entries.write(
                    image.file(),
                    image.header().l1TableOffset(),
                    l1,
                    image.header().clusterSize());
        }
        image.barrier();
        release();
    }

    private void cutLastTable() throws IOException {
        Geometry geometry = table.geometry();
        long clusters = geometry.clusters(newSize);
        int index = (int) (clusters >>> geometry.tableBits());
        int from = (int) (clusters & (table.length() - 1));
        long place = from > 0 && index < end ? table.tableOffset(l1[index], index) : 0;
        if (place == 0) {
            return;
        }
        table.read(place);
        ByteBuffer before = table.copy();
        if (table.clearFrom(from)) {
            table.write(place);
            cutTable = before;
            cutFrom = from;
        }
    }

    private void release() throws IOException {
        Released released = new Released(image, true);
        if (cutTable != null) {
            table.restore(cutTable);
            table.references(cutFrom, released);
        }
        for (long place : unused) {
            table.read(place);
            table.references(0, released);
            image.allocator().release(place, 1);
        }
        image.commitRefcounts();
    }
}
