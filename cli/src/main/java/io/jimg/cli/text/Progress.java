package io.jimg.cli.text;

import io.jimg.cli.process.Console;
import io.jimg.cli.process.StatusSignal;

/**
 * How far a command has come: a line that is written over and over. With {@code -p} it is written as qemu-img writes
 * it; on a terminal, and where the program speaks as itself, with rate and time left, whether asked for or not. SIGUSR1
 * has it written to the complaints once. Thread-safe, since a job calls back on threads of its own.
 */
public final class Progress {
    /** The step that qemu-img takes. */
    private static final double ONE_PERCENT = 1;

    private static final long NANOSECONDS = 1_000_000_000L;

    /** Time between two writings on a terminal. */
    private static final long PAUSE = NANOSECONDS / 10;

    /** What clears the rest of a terminal's line. */
    private static final String CLEAR = "\r\u001b[K";

    private final Console console;
    private final boolean shown;
    private final boolean rich;
    private final long started = System.nanoTime();
    private double shownLast;
    private boolean begun;
    private long writtenAt;
    private long done;
    private long total = 1;

    /**
     * A bar that has not begun.
     *
     * @param asked whether {@code -p} was given
     * @param quiet whether {@code -q} was given
     */
    public Progress(Console console, boolean asked, boolean quiet) {
        this.console = console;
        this.rich = console.terminal() && console.speaksFreely();
        this.shown = !quiet && (asked || rich);
        StatusSignal.answerBy(this::tellOnce);
    }

    /** Writes the bar at 0. */
    public synchronized void begin() {
        if (shown && !rich) {
            write(0);
        }
        begun = true;
    }

    /** Writes the bar at 0, where it has not been written yet. */
    public synchronized void beginOnce() {
        if (!begun) {
            begin();
        }
    }

    /**
     * Moves the bar.
     *
     * @param newDone bytes, or another unit, that are done
     * @param newTotal all of them
     */
    public synchronized void at(long newDone, long newTotal) {
        done = newDone;
        total = newTotal;
        double percent = percent();
        if (!shown) {
            return;
        }
        if (rich) {
            long now = System.nanoTime();
            if (now - writtenAt >= PAUSE) {
                writtenAt = now;
                writeRich(now - started);
            }
        } else if (percent >= shownLast + ONE_PERCENT || percent >= 100 && shownLast < 100) {
            write(percent);
        }
    }

    /** Writes the full bar, if there is one, whether it was full before or not. */
    public synchronized void full() {
        done = total;
        if (shown && !rich) {
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
        if (!shown) {
            return;
        }
        if (!rich) {
            console.out().print('\n');
        } else if (writtenAt != 0) {
            console.out().print(CLEAR);
        }
        console.flush();
    }

    private double percent() {
        return total == 0 ? 100 : 100.0 * done / total;
    }

    private void write(double percent) {
        shownLast = percent;
        begun = true;
        console.out().print("    (" + Percent.text(percent) + "/100%)\r");
        console.flush();
    }

    private synchronized void tellOnce() {
        console.plainError("    (" + Percent.text(percent()) + "/100%)");
    }

    private void writeRich(long elapsed) {
        console.out().print(CLEAR + richLine(done, total, elapsed));
        console.flush();
    }

    /** The line for a terminal: percent, bytes a second so far, time left at that rate. */
    static String richLine(long done, long total, long nanoseconds) {
        double seconds = Math.max(nanoseconds, 1) / (double) NANOSECONDS;
        StringBuilder line = new StringBuilder("  ").append(Percent.text(total == 0 ? 0 : 100.0 * done / total));
        line.append("%  ").append(HumanSize.of((long) (done / seconds))).append("/s");
        if (done > 0) {
            long left = Math.round(seconds * (total - done) / done);
            line.append("  ")
                    .append(left / 60)
                    .append(':')
                    .append(Long.toString(100 + left % 60).substring(1));
            line.append(" left");
        }
        return line.toString();
    }
}
