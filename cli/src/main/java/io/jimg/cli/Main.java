package io.jimg.cli;

import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.commands.Command;
import io.jimg.cli.commands.Commands;
import io.jimg.cli.commands.Invocation;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.help.CompletionCommand;
import io.jimg.cli.help.Help;
import io.jimg.cli.help.Suggestion;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.cli.process.Failures;
import io.jimg.cli.process.Interrupt;
import java.io.IOException;
import java.util.ArrayList;
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
        return guarded(console, () -> new Main(console, order).run(words));
    }

    /** Runs a command that was found; answers the exit code. */
    static int run(Console console, Getopt.Order order, Invocation invocation, Command command) {
        return guarded(console, () -> new Main(console, order).run(invocation, command));
    }

    /** Work that ends with an exit code. */
    @FunctionalInterface
    private interface Work {
        int run() throws UsageException, CommandException, IOException;
    }

    private static int guarded(Console console, Work work) {
        try {
            return work.run();
        } catch (UsageException wrongWords) {
            return tell(console, wrongWords.sentence(), "");
        } catch (CommandException stopped) {
            console.error(stopped.sentence());
            return stopped.exitCode();
        } catch (IOException failed) {
            Failures.tell(console, failed);
            return 1;
        }
    }

    /**
     * Tells what is wrong with the words.
     *
     * @param command whose help is of use, with a blank before it; empty for the program's
     */
    private static int tell(Console console, String sentence, String command) {
        console.error(sentence);
        console.plainError("Try '" + console.program() + command + " --help' for more information");
        return 1;
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
        if (command == null || (!console.speaksFreely() && Commands.OWN_NAMES.contains(name))) {
            throw new UsageException("Command not found: " + name + meant(name, Commands.names(true)));
        }
        List<String> ownWords = rest.subList(1, rest.size());
        if (console.speaksFreely() && JsonRun.asked(ownWords)) {
            return JsonRun.run(console, order, name, command, ownWords);
        }
        return run(new Invocation(console, name, ownWords, order), command);
    }

    private int run(Invocation invocation, Command command) throws UsageException, CommandException, IOException {
        try {
            int exitCode = command.run(invocation);
            return exitCode == Command.HELP ? Help.command(console, invocation.name(), command) : exitCode;
        } catch (UsageException wrongWords) {
            String sentence = wrongWords.sentence() + meantOption(wrongWords.sentence(), command);
            if (Commands.OWN_NAMES.contains(invocation.name())) {
                return tell(console, sentence, " " + invocation.name());
            }
            throw new UsageException(sentence);
        }
    }

    /** The option that a complaint about an unknown long one probably means. */
    private String meantOption(String sentence, Command command) {
        int start = sentence.indexOf("'--");
        if (start < 0 || !sentence.startsWith("unrecognized option")) {
            return "";
        }
        String word = sentence.substring(start + 1, sentence.length() - 1);
        int equals = word.indexOf('=');
        List<String> names = new ArrayList<>();
        for (OptionSpec option : command.options()) {
            if (option.longName() != null) {
                names.add("--" + option.longName());
            }
        }
        return meant(equals < 0 ? word : word.substring(0, equals), names);
    }

    /** What jimg, which need not say what qemu-img says, adds to a complaint about a word that it does not know. */
    private String meant(String word, List<String> known) {
        String suggestion = console.speaksFreely() ? Suggestion.of(word, known) : null;
        return suggestion == null ? "" : "\nDid you mean '" + suggestion + "'?";
    }
}
