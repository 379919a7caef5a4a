package io.jimg.cli.help;

import io.jimg.all.AllFormats;
import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.commands.Command;
import io.jimg.cli.commands.Commands;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.process.Console;
import io.jimg.cli.process.Version;
import io.jimg.spi.ImageFormat;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code --help} and {@code --version} print. Under the name {@code qemu-img} it is one page in the layout that
 * programs which read qemu-img's help look for; under any other name picocli renders it from the same tables.
 */
public final class Help {
    private static final String FOLLOWED_PROGRAM = "qemu-img";

    private Help() {}

    /** Prints the program's help; answers the exit code. */
    public static int program(Console console) {
        if (console.program().equals(FOLLOWED_PROGRAM)) {
            page(console);
        } else {
            PicocliHelp.program(console);
        }
        return 0;
    }

    /** Prints a command's help; answers the exit code. */
    public static int command(Console console, String name, Command command) {
        if (console.program().equals(FOLLOWED_PROGRAM)) {
            page(console);
        } else {
            PicocliHelp.command(console, name, command);
        }
        return 0;
    }

    /** Prints the version; answers the exit code. */
    public static int version(Console console) {
        console.line(Version.line(console.program()));
        return 0;
    }

    private static void page(Console console) {
        console.line(Version.line(console.program()));
        console.line("usage: " + console.program() + " [standard options] command [command options]");
        console.line("jimg: disk images for the JVM, behind the words of qemu-img");
        console.line("");
        for (OptionSpec option : SharedOptions.PROGRAM) {
            console.line(row(option));
        }
        console.line("");
        console.line("Command syntax:");
        for (String name : Commands.NAMES) {
            console.line("  " + synopsis(name, command(name)));
        }
        for (String name : Commands.NAMES) {
            console.line("");
            Command command = command(name);
            console.line("Options of " + name + " (" + command.summary() + "):");
            for (OptionSpec option : command.options()) {
                console.line(row(option));
            }
        }
        console.line("");
        console.line("Supported formats: " + String.join(" ", formats()));
    }

    private static Command command(String name) {
        Command command = Commands.find(name);
        if (command == null) {
            throw new IllegalStateException("no command " + name);
        }
        return command;
    }

    /** A command and its words on one line, as in {@code map [-f fmt] [--output=human|json] FILENAME}. */
    public static String synopsis(String name, Command command) {
        StringBuilder line = new StringBuilder(name);
        for (OptionSpec option : command.options()) {
            if (option.letter() != 'h') {
                line.append(" [")
                        .append(spelling(option))
                        .append(argument(option))
                        .append(']');
            }
        }
        return line.append(' ').append(command.operands()).toString();
    }

    private static String row(OptionSpec option) {
        String words = spelling(option) + argument(option);
        if (option.letter() != 0 && option.longName() != null) {
            words += ", --" + option.longName();
        }
        StringBuilder row = new StringBuilder("  ").append(words);
        do {
            row.append(' ');
        } while (row.length() < 28);
        return row.append(option.help()).toString();
    }

    private static String spelling(OptionSpec option) {
        return option.letter() != 0 ? "-" + option.letter() : "--" + option.longName();
    }

    private static String argument(OptionSpec option) {
        @Nullable String argument = option.argument();
        return argument == null ? "" : (option.letter() != 0 ? " " : "=") + argument;
    }

    /** Names of all formats in alphabetical order. */
    public static List<String> formats() {
        List<String> names = new ArrayList<>();
        for (ImageFormat format : AllFormats.images().formats()) {
            names.add(format.name());
        }
        Collections.sort(names);
        return names;
    }
}
