package io.jimg.qcow2.resize;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.change.MetadataChange;
import io.jimg.qcow2.change.Pulse;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderLimits;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.storage.Storage;
import java.io.IOException;

/**
 * Makes the guest's disk larger. All clusters that begin behind the old end get new entries, whatever an interrupted
 * change may have left there: none, zero clusters where a backing file would show, or reserved ones. What of the last
 * old cluster lies behind the old end must be zero before.
 */
public final class Growth implements MetadataChange<Long> {
    private final long newSize;
    private final Preallocation preallocation;
    private final boolean hideBacking;
    private final ZeroData zeroes;
    private final Pulse pulse;

    /**
     * A growth.
     *
     * @param newSize guest bytes, a multiple of 512, greater than the present size
     * @param hideBacking whether a backing file has bytes behind the present end
     * @param zeroes writes what the guest reads as zero
     */
    public Growth(long newSize, Preallocation preallocation, boolean hideBacking, ZeroData zeroes, Pulse pulse) {
        this.newSize = newSize;
        this.preallocation = preallocation;
        this.hideBacking = hideBacking;
        this.zeroes = zeroes;
        this.pulse = pulse;
    }

    @Override
    public Long apply(ExclusiveFile image) throws IOException {
        Header header = image.header();
        refuse(header, image.file().name());
        Storage data = image.externalData();
        if (data != null) {
            new SpaceReserve(data, preallocation).growTo(header.size(), newSize);
        }
        if (preallocation != Preallocation.OFF) {
            // What is taken in advance shall be nobody's, even where refcounts are wrong.
            image.allocator()
                    .appendOnly(
                            image.file().growsWithZeroes() ? -1 : image.file().size());
        }
        NewMapping mapping = new NewMapping(image, newSize);
        try {
            map(mapping, image);
            Storage file = image.file();
            if (file.growsWithZeroes() && file.size() < image.allocator().end()) {
                file.truncate(image.allocator().end());
            }
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
        return newSize;
    }

    /**
     * Refuses what cannot be, before anything changes.
     *
     * @param header the image's header
     * @param resource the image's name, for the exception
     * @throws ImageException {@link ErrorKind#LIMIT} or {@link ErrorKind#UNSUPPORTED}
     */
    public void refuse(Header header, String resource) throws ImageException {
        if (Header.l1EntriesNeeded(newSize, header.clusterBits(), header.extendedL2())
                > HeaderLimits.MAX_L1_BYTES / Long.BYTES) {
            throw new ImageException(
                    ErrorKind.LIMIT,
                    "Failed to grow the L1 table: File too large",
                    resource,
                    ImageException.NO_OFFSET,
                    null);
        }
        boolean newClusters = (newSize - 1) >>> header.clusterBits() > (header.size() - 1) >> header.clusterBits();
        // What has its space on the host is data, and needs no entry that says zero.
        if (hideBacking && header.version() < 3 && newClusters && !NewClusters.takesSpace(preallocation)) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED,
                    "Failed to zero out new clusters: Operation not supported",
                    resource,
                    ImageException.NO_OFFSET,
                    null);
        }
    }

    private void map(NewMapping mapping, ExclusiveFile image) throws IOException {
        Geometry geometry = mapping.table().geometry();
        Header header = image.header();
        boolean reserved = preallocation != Preallocation.OFF || header.dataFileRaw();
        NewClusters clusters = new NewClusters(mapping, image, reserved, preallocation, hideBacking, zeroes);
        long first = geometry.clusters(header.size());
        long end = geometry.clusters(newSize);
        int firstTable = (int) (first >>> geometry.tableBits());
        int tables = (int) ((end + mapping.table().length() - 1) >>> geometry.tableBits());
        for (int index = firstTable; index < tables; index++) {
            pulse.passed(index - firstTable, tables - firstTable);
            long start = (long) index << geometry.tableBits();
            int from = (int) Math.max(0, first - start);
            int to = (int) Math.min(mapping.table().length(), end - start);
            if (reserved || hideBacking) {
                boolean leftOver = mapping.take(index, from);
                clusters.fill(start, from, to);
                if (leftOver) {
                    mapping.replace(index, from);
                } else {
                    mapping.extend(index, from);
                }
            } else if (mapping.has(index)) {
                boolean leftOver = mapping.take(index, from);
                if (from == 0) {
                    mapping.drop(index);
                } else if (leftOver) {
                    mapping.replace(index, from);
                }
            }
        }
        pulse.passed(1, 1);
    }
}
