package io.jimg.vmdk.sparse;

import java.io.IOException;

/** Where the grains of an extent are. Safe for many threads. */
interface GrainMap {
    /**
     * Looks grains up.
     *
     * @param grain number of the first, from 0
     * @param count how many are of interest, at least 1
     * @return the grains from that one on that are of its kind, {@code count} or fewer; not always as many as there are
     */
    GrainRun find(long grain, long count) throws IOException;
}
