package io.jimg.cli.io;

import java.io.PrintStream;

/**
 * What is printed of a request that has succeeded: how much, where, how fast.
 *
 * @param quiet whether nothing is
 * @param machine whether programs are to read it
 */
record Figures(boolean quiet, boolean machine) {
    private static final double SECOND = 1e9;

    /**
     * Prints them.
     *
     * @param verb what was done, such as {@code read}
     * @param started {@link System#nanoTime()} before
     */
    void print(PrintStream out, String verb, long started, long offset, long bytes) {
        print(out, verb, System.nanoTime() - started, offset, bytes, bytes);
    }

    private void print(PrintStream out, String verb, long nanoseconds, long offset, long done, long wanted) {
        if (quiet) {
            return;
        }
        double seconds = Math.max(1, nanoseconds) / SECOND;
        if (machine) {
            line(
                    out,
                    done + ",1," + time(nanoseconds, true) + ',' + Numbers.fixed(done / seconds, 3) + ','
                            + Numbers.fixed(1 / seconds, 3));
            return;
        }
        line(out, verb + ' ' + done + '/' + wanted + " bytes at offset " + offset);
        line(
                out,
                Numbers.text(done) + ", 1 ops; " + time(nanoseconds, false) + " (" + Numbers.text(done / seconds)
                        + "/sec and " + Numbers.fixed(1 / seconds, 4) + " ops/sec)");
    }

    private static void line(PrintStream out, String text) {
        out.print(text + '\n');
    }

    private static String time(long nanoseconds, boolean whole) {
        long hundredths = nanoseconds / 10_000_000;
        long seconds = hundredths / 100;
        String tail = two(seconds % 60) + '.' + two(hundredths % 100);
        if (whole || seconds >= 3600) {
            return seconds / 3600 + ":" + two(seconds / 60 % 60) + ':' + tail;
        }
        return seconds >= 60 ? two(seconds / 60) + ':' + tail : tail + " sec";
    }

    private static String two(long value) {
        return (value < 10 ? "0" : "") + value;
    }
}
