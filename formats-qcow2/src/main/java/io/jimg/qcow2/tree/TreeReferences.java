package io.jimg.qcow2.tree;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.allocation.ClusterAllocator;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.header.HeaderLimits;
import io.jimg.qcow2.mapping.Geometry;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/**
 * The references that an L1 table makes: one to each of its L2 tables, one from each of their entries to its host
 * cluster, and one from each compressed cluster to each host cluster that its stream touches (specification: "Host
 * cluster management"). A tree is a table with all of that. For one thread.
 */
public final class TreeReferences {
    private final ExclusiveFile image;
    private final ClusterAllocator allocator;
    private final L2Content table;
    private final Geometry geometry;

    /** For the trees of an image. */
    public TreeReferences(ExclusiveFile image) {
        this.image = image;
        this.allocator = image.allocator();
        this.table = new L2Content(image.file(), image.header());
        this.geometry = table.geometry();
    }

    /** Does something with clusters that follow each other, each of which is referred to once. */
    @FunctionalInterface
    private interface Step {
        void at(long hostOffset, long count) throws IOException;
    }

    /**
     * Checks that every refcount of a tree can be raised by as many references as the tree makes; changes nothing.
     *
     * @param l1 entries of the L1 table
     * @throws ImageException {@link ErrorKind#LIMIT} where one cannot, with what QEMU says then;
     *     {@link ErrorKind#CORRUPT} where the tree is not sound
     */
    public void requireRoom(long[] l1) throws IOException {
        Map<Long, Long> shared = new HashMap<>();
        walk(l1, (hostOffset, count) -> {
            for (long i = 0; i < count; i++) {
                long at = hostOffset + (i << geometry.clusterBits());
                long present = allocator.refcount(at);
                long references = 1;
                // As a rule a tree makes no more references than the refcount tells; where these would not fit they are
                // counted.
                if (present > 1 && present > geometry.maximumRefcount() - present) {
                    references = shared.merge(at, 1L, Long::sum);
                }
                requireRoom(at, present, references);
            }
        });
    }

    private void requireRoom(long hostOffset, long present, long references) throws IOException {
        if (present == 0 && !allocator.isCounted(hostOffset)) {
            // Where QEMU would make a refcount block for it: there is none, or there cannot be one.
            long block = hostOffset >>> geometry.clusterBits() >>> geometry.refcountBlockBits();
            boolean possible = block < HeaderLimits.MAX_REFCOUNT_TABLE_BYTES / Long.BYTES;
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    possible ? "Resource temporarily unavailable" : "File too large",
                    image.file().name(),
                    hostOffset,
                    null);
        }
        if (present == 0) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "Refcount of host cluster 0x" + Long.toHexString(hostOffset) + " is 0 although it is in use",
                    image.file().name(),
                    hostOffset,
                    null);
        }
        // A count beyond 2^63-1 is negative.
        if (present < 0 || references > geometry.maximumRefcount() - present) {
            throw new ImageException(
                    ErrorKind.LIMIT, "Invalid argument", image.file().name(), hostOffset, null);
        }
    }

    /** Counts a tree once more. */
    public void raise(long[] l1) throws IOException {
        walk(l1, allocator::retain);
    }

    /** Counts a tree once less; what nobody else refers to is free then. */
    public void lower(long[] l1) throws IOException {
        walk(l1, allocator::release);
    }

    private void walk(long[] l1, Step step) throws IOException {
        for (int index = 0; index < l1.length; index++) {
            long place = table.tableOffset(l1[index], index);
            if (place != 0) {
                table.read(place);
                table.references(0, step::at);
                step.at(place, 1);
            }
        }
    }
}
