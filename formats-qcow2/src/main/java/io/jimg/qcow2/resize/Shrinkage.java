package io.jimg.qcow2.resize;

import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.change.MetadataChange;
import io.jimg.qcow2.change.Pulse;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.storage.Storage;
import java.io.IOException;

/**
 * Makes the guest's disk smaller. The clusters beyond the new end leave the mapping at one stroke with the new size,
 * and their space goes back to the host.
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
        NewMapping mapping = new NewMapping(image, newSize);
        try {
            pulse.passed(0, 1);
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
        mapping.releaseOld(true);
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
