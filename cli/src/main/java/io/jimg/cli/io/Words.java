package io.jimg.cli.io;

import io.jimg.cli.getopt.Complaints;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.UsageException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The words that follow a command's name. */
final class Words {
    private final List<String> words;
    private final Getopt options;

    Words(IoCommand command, List<String> words) {
        this.words = words;
        options = new Getopt(
                command.options(), command.syntax().name(), words, Getopt.Order.PERMUTE, Complaints.BY_OPTION);
    }

    /** The next option; null when only operands are left. */
    @Nullable
    String next() throws UsageException {
        return options.next();
    }

    /** The argument of the option that {@link #next} returned last. */
    String argument() {
        return options.argument();
    }

    /** All operands. */
    List<String> operands() {
        return options.operands();
    }

    /** All words, for a command without options, to which a dash means nothing. */
    List<String> plain() {
        return words;
    }

    /** The operands, if they are so many. */
    List<String> operands(int count) throws IoFailure {
        List<String> operands = operands();
        if (operands.size() != count) {
            throw IoFailure.usage();
        }
        return operands;
    }
}
