package io.jimg.qcow2.image;

import io.jimg.qcow2.mapping.Run;

/**
 * A run of guest bytes about to be written, widened to whole granules: what lies in front of it and behind it has to be
 * copied along.
 *
 * @param from start of the first granule
 * @param start first byte to be written
 * @param end first byte after those to be written
 * @param to end of the last granule
 * @param run the run
 * @param uniform whether the run tells what the surroundings hold: not where they are a whole cluster of several
 *     subclusters, each of which may be of another kind
 */
record Surroundings(long from, long start, long end, long to, Run run, boolean uniform) {

    /**
     * Widens.
     *
     * @param granule bytes, a power of two
     * @param uniform whether all of a granule has one kind
     */
    static Surroundings of(Run run, int granule, boolean uniform) {
        long from = run.guestOffset() & -(long) granule;
        long to = (run.end() + granule - 1) & -(long) granule;
        return new Surroundings(from, run.guestOffset(), run.end(), to, run, uniform);
    }

    /** Bytes in front. */
    int headLength() {
        return (int) (start - from);
    }

    /** Bytes behind. */
    int tailLength() {
        return (int) (to - end);
    }
}
