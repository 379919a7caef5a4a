package io.jimg.cli;

import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import java.io.IOException;
import java.util.List;

/** One command of the program, such as {@code info}. An instance serves one invocation. */
interface Command {

    /** The options, from which parser, help and completion are made. */
    List<OptionSpec> options();

    /** The operands, as help writes them. */
    String operands();

    /** What the command does, as one sentence without full stop. */
    String summary();

    /**
     * Does the work.
     *
     * @return the exit code
     * @throws UsageException if the words make no sense
     * @throws CommandException if the command has to stop with a sentence of its own
     * @throws IOException if an image or a file fails; its message is the sentence
     */
    int run(Invocation invocation) throws UsageException, CommandException, IOException;
}
