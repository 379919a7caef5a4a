package io.jimg.cli.commands;

import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.process.Console;
import java.util.List;

/**
 * One call of a command.
 *
 * @param console where it speaks
 * @param name the command's name
 * @param words what follows the name
 * @param order where options may stand
 */
public record Invocation(Console console, String name, List<String> words, Getopt.Order order) {

    /** A parser of the words by the command's table. */
    public Getopt options(Command command) {
        return new Getopt(command.options(), name, words, order);
    }
}
