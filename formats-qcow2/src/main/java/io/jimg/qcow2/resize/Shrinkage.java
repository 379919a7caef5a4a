package io.jimg.qcow2.resize;

import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.change.MetadataChange;
import io.jimg.qcow2.change.Pulse;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.qcow2.tree.L1Entries;
import io.jimg.qcow2.tree.L2Content;
import io.jimg.storage.Storage;
import java.io.IOException;

/**
 * Makes the guest's disk smaller. The clusters beyond the new end are out of sight at one stroke with the new size;
 * they leave the mapping, and their space goes back to the host.
 */
public final class Shrinkage implements MetadataChange<Long> {
    private final long newSize;
    private final Pulse pulse;

    /**
     * A shrinkage.
     *
     * @param newSize guest bytes, a multiple of 512, less than the present size
     */
    public Shrinkage(long newSize, Pulse pulse) {
        this.newSize = newSize;
        this.pulse = pulse;
    }

    @Override
    public Long apply(ExclusiveFile image) throws IOException {
        pulse.passed(0, 1);
        if (sharesLastTable(image)) {
            remap(image);
        } else {
            new CutTables(image, newSize).cut();
        }
        Storage data = image.externalData();
        if (data != null && data.growsWithZeroes()) {
            data.truncate(newSize);
        }
        Storage file = image.file();
        if (file.growsWithZeroes()) {
            file.truncate(Math.min(file.size(), image.allocator().trimEnd()));
        }
        return newSize;
    }

    /** Whether a snapshot uses the table of which only a part is left. */
    private boolean sharesLastTable(ExclusiveFile image) throws IOException {
        L2Content table = new L2Content(image.file(), image.header());
        long end = table.geometry().clusters(newSize);
        int index = (int) (end >>> table.geometry().tableBits());
        if ((end & (table.length() - 1)) == 0 || index >= image.header().l1Size()) {
            return false;
        }
        long[] l1 = L1Entries.read(
                image.file(), image.header().l1TableOffset(), image.header().l1Size());
        long place = table.tableOffset(l1[index], index);
        return place != 0 && image.allocator().refcount(place) != 1;
    }

    private void remap(ExclusiveFile image) throws IOException {
        NewMapping mapping = new NewMapping(image, newSize);
        try {
            cutLastTable(mapping);
            mapping.commit(newSize);
        } catch (IOException | RuntimeException failure) {
            try {
                mapping.abandon();
            } catch (IOException second) {
                failure.addSuppressed(second);
            }
            throw failure;
        }
        mapping.releaseOld();
    }

    private void cutLastTable(NewMapping mapping) throws IOException {
        Geometry geometry = mapping.table().geometry();
        long end = geometry.clusters(newSize);
        int index = (int) (end >>> geometry.tableBits());
        int from = (int) (end & (mapping.table().length() - 1));
        if (from > 0 && mapping.has(index) && mapping.take(index, from)) {
            mapping.replace(index, from);
        }
    }
}
