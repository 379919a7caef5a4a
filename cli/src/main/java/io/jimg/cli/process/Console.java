package io.jimg.cli.process;

import io.jimg.Notices;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Where a command speaks: the program's name, results, complaints.
 *
 * <p>Results are held back until {@link #flush()}, as C's standard output holds them back where it is no terminal, so
 * complaints come first where both end up in one file. For one thread.
 */
public final class Console implements Notices {
    /** Results held back at most; enough for what scripts read, little enough for a small heap. */
    private static final int BUFFER_BYTES = 1 << 16;

    /** System property that says that standard output is a terminal; plain Java 17 cannot find out. */
    private static final String TERMINAL_PROPERTY = "jimg.terminal";

    private final String program;
    private final boolean terminal;
    private final PrintStream out;
    private final PrintStream err;

    /**
     * A console on two streams.
     *
     * @param program the name that complaints begin with
     * @param out takes results
     * @param err takes complaints
     */
    public Console(String program, OutputStream out, OutputStream err) {
        this(program, out, err, false);
    }

    /**
     * A console on two streams.
     *
     * @param program the name that complaints begin with
     * @param out takes results
     * @param err takes complaints
     * @param terminal whether somebody looks at {@code out} on a terminal
     */
    public Console(String program, OutputStream out, OutputStream err, boolean terminal) {
        this.program = program;
        this.terminal = terminal;
        this.out = new PrintStream(new java.io.BufferedOutputStream(out, BUFFER_BYTES), false, StandardCharsets.UTF_8);
        this.err = new PrintStream(err, true, StandardCharsets.UTF_8);
    }

    /** The process's own standard output and error, without the layers that {@link System#out} has. */
    public static Console ofProcess(String program) {
        return new Console(
                program,
                new FileOutputStream(FileDescriptor.out),
                new FileOutputStream(FileDescriptor.err),
                Boolean.getBoolean(TERMINAL_PROPERTY));
    }

    /** The name that complaints begin with. */
    public String program() {
        return program;
    }

    /** Whether the program speaks as itself, and not in the words of a program whose place it takes. */
    public boolean speaksFreely() {
        return !program.startsWith("qemu-");
    }

    /** Whether results go to a terminal. */
    public boolean terminal() {
        return terminal;
    }

    /** Takes results; ends lines with a bare line feed if the caller does. */
    public PrintStream out() {
        return out;
    }

    /** Writes text and a line feed, whatever the platform's line separator is, to the results. */
    public void line(String text) {
        out.print(text);
        out.print('\n');
    }

    /** Complains: the program's name, a colon, the sentence. */
    public void error(String sentence) {
        plainError(program + ": " + sentence);
    }

    /** Complains without the program's name. */
    public void plainError(String text) {
        err.print(text + '\n');
    }

    @Override
    public void remark(String line) {
        plainError(line);
    }

    @Override
    public void complaint(String sentence) {
        error(sentence);
    }

    @Override
    public void hint(String words) {
        err.print(words);
        err.flush();
    }

    /** Hands over what was held back. */
    public void flush() {
        out.flush();
    }

    /** Hands over what was held back; whether all results so far were taken. */
    public boolean delivered() {
        return !out.checkError();
    }
}
