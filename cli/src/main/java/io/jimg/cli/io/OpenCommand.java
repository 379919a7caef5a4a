package io.jimg.cli.io;

import io.jimg.cli.arguments.OptionLists;
import io.jimg.cli.arguments.ShortForms;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** {@code open}. */
final class OpenCommand implements IoCommand {
    static final OptionSpec OPTIONS = OptionSpec.valued('o', "options", "options of the image's drivers");

    private static final Syntax SYNTAX = new Syntax(
            "open",
            "o",
            1,
            Syntax.ANY,
            "[-rsCnkU] [-t cache] [-d discard] [-o options] [path]",
            "open the file specified by path");

    private static final List<OptionSpec> TABLE = table();

    private static List<OptionSpec> table() {
        List<OptionSpec> table = new ArrayList<>(TargetWords.ALL);
        table.add(OPTIONS);
        return List.copyOf(table);
    }

    @Override
    public Syntax syntax() {
        return SYNTAX;
    }

    @Override
    public List<OptionSpec> options() {
        return TABLE;
    }

    @Override
    public boolean needsImage() {
        return false;
    }

    @Override
    public List<String> help() {
        return List.of(
                "opens the image that the following commands work on",
                "",
                "Example:",
                "'open -n -o driver=raw /tmp/data' - opens a raw image to read and write, past the host's cache");
    }

    @Override
    public void run(Session session, Words words) throws UsageException, IoFailure {
        TargetWords choice = new TargetWords();
        Map<String, String> options = new LinkedHashMap<>();
        String key;
        while ((key = words.next()) != null) {
            if (key.equals("o")) {
                if (session.imageOpts()) {
                    throw IoFailure.result("--image-opts and 'open -o' are mutually exclusive");
                }
                options.putAll(parse(session, words.argument()));
            } else {
                choice.take(key, takesArgument(key) ? words.argument() : null);
            }
        }
        List<String> operands = words.operands();
        if (operands.size() > 1) {
            throw IoFailure.usage();
        }
        if (session.isOpen()) {
            throw IoFailure.complaint("file open already, try 'help close'");
        }
        String name = operands.isEmpty() ? null : operands.get(0);
        if (session.imageOpts() && name != null) {
            options.putAll(parse(session, name));
            name = null;
        }
        Target target = choice.target().named(name).with(options);
        choice.check(target);
        session.open(target);
    }

    static boolean takesArgument(String key) {
        for (OptionSpec option : TargetWords.ALL) {
            if (option.key().equals(key)) {
                return option.takesArgument();
            }
        }
        return false;
    }

    /** A list of drivers' options. */
    static Map<String, String> parse(Session session, String list) throws IoFailure {
        try {
            return OptionLists.parse(list, null, ShortForms.warned(session.console()));
        } catch (CommandException refused) {
            throw IoFailure.complaint(refused.sentence());
        }
    }
}
