package io.jimg.qcow2.image;

import io.jimg.qcow2.mapping.Geometry;
import io.jimg.spi.RangeLock;

/**
 * What every change of an open image needs.
 *
 * @param header the header, for what precedes a change
 * @param map the mapping
 * @param tables sees to L2 tables
 * @param space gives host clusters to guest clusters
 * @param copier writes data with its surroundings
 * @param ranges locks on guest clusters whose entries change
 */
record WriteSide(
        HeaderSector header, GuestMap map, L2Tables tables, DataSpace space, CopyOnWrite copier, RangeLock ranges) {

    /**
     * Frees the host clusters that a stream lies in, from its first byte to the end of its last sector.
     *
     * @param punch whether the host may have their space back
     */
    void freeStream(long streamOffset, int streamLimit, boolean punch) {
        Geometry geometry = map.codec().geometry();
        long first = geometry.clusterStart(streamOffset);
        space.free(first, geometry.clusters(streamOffset + streamLimit - first), punch);
    }
}
