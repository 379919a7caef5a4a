package io.jimg.cli.commands;

import io.jimg.DiskImage;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.cli.arguments.ImageName;
import io.jimg.cli.arguments.ImageSource;
import io.jimg.cli.arguments.OutputForm;
import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.arguments.SizeArgument;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.ops.MapExtents;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code map}: where each run of guest bytes lies. */
final class MapCommand implements Command {
    private static final OptionSpec START_OFFSET =
            OptionSpec.valued('s', "offset", "begin at this guest offset").or("start-offset");
    private static final OptionSpec MAX_LENGTH =
            OptionSpec.valued('l', "len", "tell of this many bytes").or("max-length");

    @Override
    public List<OptionSpec> options() {
        return List.of(
                SharedOptions.HELP,
                SharedOptions.FORMAT,
                START_OFFSET,
                MAX_LENGTH,
                SharedOptions.OUTPUT,
                SharedOptions.OBJECT,
                SharedOptions.IMAGE_OPTS,
                SharedOptions.FORCE_SHARE);
    }

    @Override
    public String operands() {
        return "FILENAME";
    }

    @Override
    public String summary() {
        return "tell where an image's data lies";
    }

    @Override
    public int run(Invocation invocation) throws UsageException, CommandException, IOException {
        ImageSource source = new ImageSource(invocation.console());
        @Nullable String format = null;
        OutputForm output = OutputForm.HUMAN;
        long start = 0;
        long length = Long.MAX_VALUE;
        Getopt words = invocation.options(this);
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "h" -> {
                    return HELP;
                }
                case "f" -> format = words.argument();
                case "s" -> start = SizeArgument.parse("start offset", words.argument());
                case "l" -> length = SizeArgument.parse("max length", words.argument());
                case "output" -> output = OutputForm.parse(words.argument());
                default -> source.take(key, words);
            }
        }
        String name = ImageName.only(words.operands());
        try (DiskImage image = source.locate(name, format).open()) {
            MapExtents map = new MapExtents(image).start(start).length(length);
            return print(invocation.console(), map, output, start);
        }
    }

    private static int print(Console console, MapExtents map, OutputForm output, long start)
            throws IOException, CommandException {
        try {
            return output == OutputForm.JSON ? json(console, map, start) : table(console, map);
        } catch (IOException failed) {
            throw ImageException.wrap(failed).prefixed("Could not read file metadata: ");
        }
    }

    private static int table(Console console, MapExtents map) throws IOException, CommandException {
        console.line("Offset          Length          Mapped to       File");
        boolean[] opaque = {false};
        map.forEach(extent -> {
                    if (opaque[0] || !extent.data() || extent.zero()) {
                        return;
                    }
                    if (extent.hostOffset() == Extent.NO_HOST_OFFSET || extent.hostFile() == null) {
                        opaque[0] = true;
                        return;
                    }
                    console.line(column(extent.guestOffset())
                            + column(extent.length())
                            + column(extent.hostOffset())
                            + extent.hostFile());
                })
                .run();
        if (opaque[0]) {
            throw new CommandException("File contains external, encrypted or compressed clusters.");
        }
        return 0;
    }

    /** A hexadecimal number in a column of 16, as C's {@code %#-16lx}: zero has no prefix. */
    private static String column(long number) {
        StringBuilder text = new StringBuilder(number == 0 ? "0" : "0x" + Long.toHexString(number));
        while (text.length() < 16) {
            text.append(' ');
        }
        return text.toString();
    }

    private static int json(Console console, MapExtents map, long start) throws IOException {
        console.out().print("[");
        String[] separator = {""};
        long count = map.forEach(extent -> {
                    console.out().print(separator[0]);
                    console.out().print(object(extent));
                    separator[0] = ",\n";
                })
                .run();
        if (count == 0) {
            console.out()
                    .print("{ \"start\": " + start
                            + ", \"length\": 0, \"depth\": 0, \"present\": false, \"zero\": false, "
                            + "\"data\": false, \"compressed\": false}");
        }
        console.out().print("]\n");
        return 0;
    }

    private static String object(Extent extent) {
        return "{ \"start\": " + extent.guestOffset()
                + ", \"length\": " + extent.length()
                + ", \"depth\": " + extent.depth()
                + ", \"present\": " + extent.present()
                + ", \"zero\": " + extent.zero()
                + ", \"data\": " + extent.data()
                + ", \"compressed\": " + extent.compressed()
                + (extent.hostOffset() == Extent.NO_HOST_OFFSET ? "" : ", \"offset\": " + extent.hostOffset())
                + "}";
    }
}
