package io.jimg.cli;

import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.commands.Command;
import io.jimg.cli.commands.Commands;
import io.jimg.cli.commands.Invocation;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.help.CompletionCommand;
import io.jimg.cli.help.Help;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.cli.process.Failures;
import io.jimg.cli.process.Interrupt;
import java.io.IOException;
import java.util.List;

/**
 * The program: words in, exit code out. What a short command does not need is not loaded: no regular expressions, no
 * help library, no command but the one that was asked for.
 */
public final class Main {
    /** System property with the name that the program goes by: {@code jimg} or {@code qemu-img}. */
    private static final String PROGRAM_PROPERTY = "jimg.program";

    private final Console console;
    private final Getopt.Order order;

    private Main(Console console, Getopt.Order order) {
        this.console = console;
        this.order = order;
    }

    /** Runs one command and exits with its code. */
    public static void main(String[] words) throws InterruptedException {
        Console console = Console.ofProcess(System.getProperty(PROGRAM_PROPERTY, "jimg"));
        int exitCode = run(console, Getopt.order(System.getenv("POSIXLY_CORRECT")), List.of(words));
        console.flush();
        Interrupt.letSignalEndProcess();
        // Not System.exit: it loads the system's loggers to log that it was called.
        Runtime.getRuntime().halt(exitCode);
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
        Getopt options = new Getopt(SharedOptions.PROGRAM, console.program(), words, Getopt.Order.STOP_AT_OPERAND);
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
        String name = rest.get(0);
        Command command = name.equals(CompletionCommand.NAME) ? new CompletionCommand() : Commands.find(name);
        if (command == null) {
            throw new UsageException("Command not found: " + name);
        }
        int exitCode = command.run(new Invocation(console, name, rest.subList(1, rest.size()), order));
        return exitCode == Command.HELP ? Help.command(console, name, command) : exitCode;
    }
}
