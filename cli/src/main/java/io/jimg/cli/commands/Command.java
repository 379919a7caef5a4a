package io.jimg.cli.commands;

import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import java.io.IOException;
import java.util.List;

/** One command of the program, such as {@code info}. An instance serves one invocation. */
public interface Command {
    /** What {@link #run} answers where the words ask for help, which the program prints. */
    int HELP = -1;

    /** The options, from which parser, help and completion are made. */
    List<OptionSpec> options();

    /** The operands, as help writes them. */
    String operands();

    /** What the command does, as one sentence without full stop. */
    String summary();

    /**
     * Does the work.
     *
     * @return the exit code, or {@link #HELP}
     * @throws UsageException if the words make no sense
     * @throws CommandException if the command has to stop with a sentence of its own
     * @throws IOException if an image or a file fails; its message is the sentence
     */
    int run(Invocation invocation) throws UsageException, CommandException, IOException;
}
