package io.jimg.qcow2.resize;

import io.jimg.capability.Resizable.Preallocation;
import io.jimg.qcow2.allocation.Allocation;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.header.CryptMethod;
import io.jimg.qcow2.mapping.EntryCodec;
import io.jimg.qcow2.mapping.Run;
import io.jimg.qcow2.tree.L2Content;
import java.io.IOException;

/**
 * Makes the entries of clusters that a disk gains: zero clusters, and reserved ones whose places it takes and prepares.
 */
final class NewClusters {
    private final NewMapping mapping;
    private final L2Content table;
    private final EntryCodec codec;
    private final boolean reserved;
    private final Preallocation preallocation;
    private final boolean hideBacking;
    private final boolean encrypted;
    private final ZeroData zeroes;
    private final SpaceReserve reserve;

    /**
     * For one growth.
     *
     * @param reserved whether each cluster has its place
     * @param hideBacking whether a backing file would show through clusters that hold nothing
     */
    NewClusters(
            NewMapping mapping,
            ExclusiveFile image,
            boolean reserved,
            Preallocation preallocation,
            boolean hideBacking,
            ZeroData zeroes) {
        this.mapping = mapping;
        this.table = mapping.table();
        this.codec = table.codec();
        this.reserved = reserved;
        this.preallocation = preallocation;
        this.hideBacking = hideBacking;
        this.encrypted = image.header().cryptMethod() != CryptMethod.NONE;
        this.zeroes = zeroes;
        this.reserve = new SpaceReserve(image.file(), preallocation);
    }

    /**
     * Makes entries of the table at hand.
     *
     * @param tableStart guest cluster of its first entry
     */
    void fill(long tableStart, int from, int to) throws IOException {
        for (int index = from; index < to; ) {
            if (!reserved) {
                put(index++, Run.NOWHERE);
            } else if (codec.externalData()) {
                put(index, tableStart + index << codec.geometry().clusterBits());
                index++;
            } else {
                index += take(tableStart, index, to - index);
            }
        }
    }

    private int take(long tableStart, int index, int wanted) throws IOException {
        Allocation place = mapping.allocate(wanted);
        // A zero cluster may hold anything.
        if (takesSpace(preallocation) || !(flaggedZero() || encrypted)) {
            reserve.prepare(place.hostOffset(), length(place), place.fresh());
        }
        for (int i = 0; i < place.clusters(); i++) {
            long hostOffset = place.hostOffset() + ((long) i << codec.geometry().clusterBits());
            if (encrypted && !flaggedZero()) {
                zeroes.write(
                        hostOffset, tableStart + index + i << codec.geometry().clusterBits());
            }
            put(index + i, hostOffset);
        }
        return place.clusters();
    }

    private long length(Allocation place) {
        return (long) place.clusters() << codec.geometry().clusterBits();
    }

    static boolean takesSpace(Preallocation preallocation) {
        return preallocation == Preallocation.FALLOC || preallocation == Preallocation.FULL;
    }

    /**
     * Whether new clusters are zero by their entries: what has its space on the host is data, as QEMU has it, but where
     * zeroes on the host decrypt to something else; version 2, which has no such entries, gets encrypted zeroes there.
     */
    private boolean flaggedZero() {
        return (encrypted && codec.version() >= 3) || (hideBacking && !takesSpace(preallocation));
    }

    private void put(int index, long hostOffset) {
        boolean zero = flaggedZero();
        if (codec.geometry().extended()) {
            long shown = hideBacking ? EntryCodec.BITMAP_DATA : 0;
            table.put(
                    index,
                    hostOffset == Run.NOWHERE ? 0 : codec.dataEntry(hostOffset),
                    zero ? EntryCodec.BITMAP_ZERO : shown);
        } else {
            table.put(index, zero ? codec.zeroEntry(hostOffset, true) : codec.dataEntry(hostOffset), 0);
        }
    }
}
