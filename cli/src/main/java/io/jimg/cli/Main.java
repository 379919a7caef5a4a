package io.jimg.cli;

import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * The program: words in, exit code out. What a short command does not need is not loaded: no regular expressions, no help library, no command but the one
 * that was asked for.
 */
public final class Main {
    /** System property with the name that the program goes by: {@code jimg} or {@code qemu-img}. */
    private static final String PROGRAM_PROPERTY = "jimg.program";

    static final List<OptionSpec> OPTIONS = List.of(
            OptionSpec.flag('h', "display this help and exit").or("help"),
            OptionSpec.flag('V', "output version information and exit").or("version"),
            OptionSpec.valued('T', "trace", "accepted for compatibility; there is nothing to trace")
                    .or("trace"));

    private final Console console;
    private final Getopt.Order order;

    private Main(Console console, Getopt.Order order) {
        this.console = console;
        this.order = order;
    }

    /** Set once a signal ends the process: who waits for the command to end. */
    private static volatile @Nullable CountDownLatch signal;

    /** Runs one command and exits with its code. */
    public static void main(String[] words) throws InterruptedException {
        Console console = Console.ofProcess(System.getProperty(PROGRAM_PROPERTY, "jimg"));
        int exitCode = run(console, Getopt.order(System.getenv("POSIXLY_CORRECT")), List.of(words));
        console.flush();
        CountDownLatch ending = signal;
        if (ending != null) {
            ending.countDown();
            // The process ends by the signal, with the signal's exit code.
            Thread.sleep(Long.MAX_VALUE);
        }
        // Not System.exit: it loads the system's loggers to log that it was called.
        Runtime.getRuntime().halt(exitCode);
    }

    /** Tells that a signal ends the process as soon as the command has ended. */
    static void endAfter(CountDownLatch commandEnded) {
        signal = commandEnded;
    }

    /**
     * Runs one command.
     *
     * @param order where options may stand
     * @param words the command line without the program's name
     * @return the exit code
     */
    public static int run(Console console, Getopt.Order order, List<String> words) {
        try {
            return new Main(console, order).run(words);
        } catch (UsageException wrongWords) {
            console.error(wrongWords.sentence());
            console.plainError("Try '" + console.program() + " --help' for more information");
            return 1;
        } catch (CommandException stopped) {
            console.error(stopped.sentence());
            return stopped.exitCode();
        } catch (IOException failed) {
            Failures.tell(console, failed);
            return 1;
        }
    }

    private int run(List<String> words) throws UsageException, CommandException, IOException {
        if (words.isEmpty()) {
            throw new UsageException("Not enough arguments");
        }
        Getopt options = new Getopt(OPTIONS, console.program(), words, Getopt.Order.STOP_AT_OPERAND);
        String key;
        while ((key = options.next()) != null) {
            switch (key) {
                case "h" -> {
                    return Help.program(console);
                }
                case "V" -> {
                    return Help.version(console);
                }
                default -> {
                    // A trace pattern: read, so that command lines written for QEMU run.
                }
            }
        }
        List<String> rest = options.operands();
        if (rest.isEmpty()) {
            throw new UsageException("Not enough arguments");
        }
        Command command = Commands.find(rest.get(0));
        if (command == null) {
            throw new UsageException("Command not found: " + rest.get(0));
        }
        return command.run(new Invocation(console, rest.get(0), rest.subList(1, rest.size()), order));
    }
}
