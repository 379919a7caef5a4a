package io.jimg.qcow2.allocation;

import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.mapping.EntryCodec;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Counts the host clusters that are in use, by the refcounts as the file has them. */
public final class CountedClusters {
    private CountedClusters() {}

    /**
     * Whether at least so many host clusters have a refcount; reads no more of the refcounts than that takes.
     *
     * @param wanted clusters, greater than zero
     */
    public static boolean atLeast(Storage file, Header header, long wanted) throws IOException {
        long size = file.size();
        int clusterSize = header.clusterSize();
        if (size / clusterSize + 1 < wanted) {
            return false;
        }
        RefcountCodec codec = new RefcountCodec(header.refcountOrder());
        int refcounts = (clusterSize << 3) >>> header.refcountOrder();
        ByteBuffer entries = ByteBuffer.allocate(clusterSize);
        byte[] block = new byte[clusterSize];
        long counted = 0;
        for (int cluster = 0; cluster < header.refcountTableClusters(); cluster++) {
            file.read(entries.clear(), header.refcountTableOffset() + (long) cluster * clusterSize);
            for (int at = 0; at < clusterSize; at += Long.BYTES) {
                long place = entries.getLong(at) & EntryCodec.OFFSET_MASK;
                if (place == 0 || place % clusterSize != 0 || place >= size) {
                    continue;
                }
                file.read(ByteBuffer.wrap(block), place);
                for (int index = 0; index < refcounts; index++) {
                    counted += codec.get(block, index) == 0 ? 0 : 1;
                }
                if (counted >= wanted) {
                    return true;
                }
            }
        }
        return false;
    }
}
