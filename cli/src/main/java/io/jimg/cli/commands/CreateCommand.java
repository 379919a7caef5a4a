package io.jimg.cli.commands;

import io.jimg.ImageException;
import io.jimg.OpenOptions;
import io.jimg.all.AllFormats;
import io.jimg.cli.arguments.OptionLists;
import io.jimg.cli.arguments.SecretObjects;
import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.arguments.ShortForms;
import io.jimg.cli.arguments.SizeArgument;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.cli.text.CreateOptionsHelp;
import io.jimg.ops.Create;
import io.jimg.ops.CreatePlan;
import io.jimg.spi.Doc;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.OpenGate;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code create}: makes an empty image. */
final class CreateCommand implements Command {
    static final OptionSpec OPTIONS =
            OptionSpec.valued('o', "options", "options of the format, key=value,...; 'help' lists them");
    private static final OptionSpec FORMAT = OptionSpec.valued('f', "fmt", "format of the new image (raw)");
    private static final OptionSpec BACKING = OptionSpec.valued('b', "backing_file", "image beneath the new one");
    private static final OptionSpec BACKING_FORMAT = OptionSpec.valued('F', "backing_fmt", "format of that image");
    private static final OptionSpec UNSAFE = OptionSpec.flag('u', "do not look whether the image beneath is there");

    @Override
    public List<OptionSpec> options() {
        return List.of(
                SharedOptions.HELP,
                FORMAT,
                OPTIONS,
                BACKING,
                BACKING_FORMAT,
                UNSAFE,
                SharedOptions.QUIET,
                SharedOptions.OBJECT);
    }

    @Override
    public String operands() {
        return "FILENAME [SIZE]";
    }

    @Override
    public String summary() {
        return "create an image";
    }

    @Override
    public int run(Invocation invocation) throws UsageException, CommandException, IOException {
        Console console = invocation.console();
        SecretObjects secrets = new SecretObjects();
        String format = "raw";
        @Nullable String backing = null;
        @Nullable String backingFormat = null;
        @Nullable String options = null;
        boolean unsafe = false;
        boolean quiet = false;
        Getopt words = invocation.options(this);
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "h" -> {
                    return HELP;
                }
                case "f" -> format = words.argument();
                case "b" -> backing = words.argument();
                case "F" -> backingFormat = words.argument();
                case "o" -> options = OptionLists.append(options, words.argument());
                case "u" -> unsafe = true;
                case "q" -> quiet = true;
                case "object" -> secrets.define(words.argument());
                default -> throw new IllegalStateException(key);
            }
        }
        List<String> operands = words.operands();
        if (options != null && OptionLists.asksForHelp(options)) {
            CreateOptionsHelp.print(console, format, operands.isEmpty() ? null : operands.get(0));
            return 0;
        }
        if (operands.isEmpty()) {
            throw new UsageException("Expecting image file name");
        }
        Create create = new Create(AllFormats.images(), operands.get(0))
                .format(format)
                .backingFile(backing)
                .backingFormat(backingFormat)
                .unsafeBacking(unsafe)
                .warnings(sentence -> console.error("warning: " + sentence))
                .backingOptions(
                        secrets.in(OpenOptions.DEFAULT.withGate(OpenGate.ALLOW).withNotices(console)));
        if (operands.size() >= 2) {
            create.size(SizeArgument.parse("image size", operands.get(1)));
        }
        if (operands.size() > 2) {
            throw new UsageException("Unexpected argument: " + operands.get(2));
        }
        if (options != null) {
            create.options(DottedOptions.of(OptionLists.parse(options, null, ShortForms.ACCEPTED)));
        }
        create(console, create, operands.get(0), quiet);
        return 0;
    }

    private static void create(Console console, Create create, String name, boolean quiet) throws IOException {
        try {
            CreatePlan plan = create.plan();
            if (!quiet) {
                console.line(formatting(name, plan.description()));
                console.flush();
            }
            plan.job().run();
        } catch (IOException failed) {
            throw ImageException.wrap(failed).prefixed(name + ": ");
        }
    }

    /** The line that tells what is about to be created; commas in values are doubled, as {@code -o} takes them. */
    private static String formatting(String name, Doc description) {
        StringBuilder line = new StringBuilder("Formatting '").append(name).append("',");
        for (Map.Entry<String, @Nullable Object> member : description.members().entrySet()) {
            line.append(' ')
                    .append(member.getKey())
                    .append('=')
                    .append(String.valueOf(member.getValue()).replace(",", ",,"));
        }
        return line.toString();
    }
}
