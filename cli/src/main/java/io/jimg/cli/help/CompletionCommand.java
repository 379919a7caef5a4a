package io.jimg.cli.help;

import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.commands.Command;
import io.jimg.cli.commands.Invocation;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import java.util.List;

/** {@code completion}: a script that completes command lines in bash and zsh. */
public final class CompletionCommand implements Command {
    /** The word that calls it. */
    public static final String NAME = "completion";

    @Override
    public List<OptionSpec> options() {
        return List.of(SharedOptions.HELP);
    }

    @Override
    public String operands() {
        return "";
    }

    @Override
    public String summary() {
        return "print a script that completes command lines in bash and zsh";
    }

    @Override
    public int run(Invocation invocation) throws UsageException {
        Getopt words = invocation.options(this);
        if (words.next() != null) {
            return HELP;
        }
        if (!words.operands().isEmpty()) {
            throw new UsageException("Unexpected argument: " + words.operands().get(0));
        }
        PicocliHelp.completion(invocation.console());
        return 0;
    }
}
