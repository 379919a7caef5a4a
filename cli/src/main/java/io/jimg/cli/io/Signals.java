package io.jimg.cli.io;

import io.jimg.cli.process.Console;
import java.io.IOException;
import java.io.InterruptedIOException;

/** Signals that the process sends to itself, which may be the last that it does. */
final class Signals {
    /** What ends a process that has found itself out of order. */
    static final int ABORT = 6;

    /** The largest number of a signal. */
    static final int LAST = 64;

    /** Time for the signal to end the process, in milliseconds. */
    private static final int LAST_BREATH = 2000;

    private Signals() {}

    /**
     * Sends a signal to this process, once what was printed is handed over; returns only where that does not end the
     * process.
     */
    static void raise(Console console, int signal) throws IOException {
        console.flush();
        Process kill = new ProcessBuilder(
                        "kill",
                        "-" + signal,
                        Long.toString(ProcessHandle.current().pid()))
                .inheritIO()
                .start();
        try {
            kill.waitFor();
            if (ends(signal)) {
                Thread.sleep(LAST_BREATH);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
    }

    /**
     * Whether a signal ends a process that has not asked for another treatment: 0 is none; the others tell of children,
     * windows and urgent data, or continue.
     */
    private static boolean ends(int signal) {
        return switch (signal) {
            case 0, 17, 18, 23, 28 -> false;
            default -> true;
        };
    }
}
