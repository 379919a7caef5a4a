package io.jimg.cli;

import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import java.util.List;

/** {@code completion}: a script that completes command lines in bash and zsh. */
final class CompletionCommand implements Command {
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
            return Help.command(invocation, this);
        }
        if (!words.operands().isEmpty()) {
            throw new UsageException("Unexpected argument: " + words.operands().get(0));
        }
        PicocliHelp.completion(invocation.console());
        return 0;
    }
}
