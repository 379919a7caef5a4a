package io.jimg.cli;

import io.jimg.cli.getopt.Getopt;
import java.util.List;

/**
 * One call of a command.
 *
 * @param console where it speaks
 * @param name the command's name
 * @param words what follows the name
 * @param order where options may stand
 */
record Invocation(Console console, String name, List<String> words, Getopt.Order order) {

    /** A parser of the words by the command's table. */
    Getopt options(Command command) {
        return new Getopt(command.options(), name, words, order);
    }
}
