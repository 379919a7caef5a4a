package io.jimg.cli.text;

import io.jimg.cli.process.Console;

/**
 * The bar of {@code -p}: a line that is written over and over, as qemu-img writes it. Steps smaller than the given one
 * are left out. Thread-safe, since a job calls back on threads of its own.
 */
public final class Progress {
    /** The step that qemu-img takes. */
    public static final double ONE_PERCENT = 1;

    private final Console console;
    private final boolean shown;
    private final double leastStep;
    private double shownLast;
    private boolean begun;

    /**
     * A bar that has not begun.
     *
     * @param shown false for no bar at all
     * @param leastStep percent between two writings
     */
    public Progress(Console console, boolean shown, double leastStep) {
        this.console = console;
        this.shown = shown;
        this.leastStep = leastStep;
    }

    /** Writes the bar at 0. */
    public synchronized void begin() {
        if (shown) {
            write(0);
        }
    }

    /** Writes the bar at 0, where it has not been written yet. */
    public synchronized void beginOnce() {
        if (!begun) {
            begin();
        }
    }

    /** Moves the bar. */
    public synchronized void at(long done, long total) {
        double percent = total == 0 ? 100 : 100.0 * done / total;
        if (shown && (percent >= shownLast + leastStep || percent >= 100 && shownLast < 100)) {
            write(percent);
        }
    }

    /** Writes the full bar, if there is one, whether it was full before or not. */
    public synchronized void full() {
        if (shown) {
            write(100);
        }
    }

    /** Leaves the bar's line, if the bar has been shown at all. */
    public synchronized void leaveIfBegun() {
        if (begun) {
            leave();
        }
    }

    /** Leaves the bar's line. */
    public synchronized void leave() {
        if (shown) {
            console.out().print('\n');
            console.flush();
        }
    }

    private void write(double percent) {
        shownLast = percent;
        begun = true;
        console.out().print("    (" + Percent.text(percent) + "/100%)\r");
        console.flush();
    }
}
