package io.jimg.cli.commands;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Bitmaps;
import io.jimg.capability.DirtyRuns;
import io.jimg.cli.arguments.ImageSource;
import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.arguments.SizeArgument;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code bitmap}: changes a persistent bitmap of an image. */
final class BitmapCommand implements Command {
    private static final List<OptionSpec> TABLE = List.of(
            SharedOptions.HELP,
            OptionSpec.flag("add", "create BITMAP, which records writes from now on"),
            OptionSpec.flag("remove", "remove BITMAP"),
            OptionSpec.flag("clear", "make BITMAP clean"),
            OptionSpec.flag("enable", "let BITMAP record writes from now on"),
            OptionSpec.flag("disable", "let BITMAP keep what it has recorded"),
            OptionSpec.valued("merge", "SOURCE", "mark dirty in BITMAP what is dirty in the bitmap SOURCE"),
            OptionSpec.valued('b', "source_file", "image that has the bitmaps of --merge")
                    .or("source-file"),
            OptionSpec.valued('F', "source_fmt", "format of the image of -b").or("source-format"),
            OptionSpec.valued('g', "granularity", "with --add: guest bytes that one bit stands for")
                    .or("granularity"),
            SharedOptions.FORMAT,
            SharedOptions.IMAGE_OPTS,
            SharedOptions.OBJECT);

    /**
     * One thing to do.
     *
     * @param verb as QEMU names it
     * @param source the bitmap to merge; empty for none
     */
    private record Action(String verb, String source) {}

    private final List<Action> actions = new ArrayList<>();
    private @Nullable String sourceFile;
    private @Nullable String sourceFormat;
    private @Nullable String format;
    private long granularity;

    @Override
    public List<OptionSpec> options() {
        return TABLE;
    }

    @Override
    public String operands() {
        return "FILENAME BITMAP";
    }

    @Override
    public String summary() {
        return "change a persistent bitmap of an image";
    }

    @Override
    public int run(Invocation invocation) throws UsageException, CommandException, IOException {
        Console console = invocation.console();
        ImageSource source = new ImageSource(console);
        ImageSource mergeSource = new ImageSource(console);
        Getopt words = invocation.options(this);
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "h" -> {
                    return HELP;
                }
                case "add", "remove", "clear", "enable", "disable" -> actions.add(new Action(key, ""));
                case "merge" -> actions.add(new Action(key, words.argument()));
                case "b" -> sourceFile = words.argument();
                case "F" -> sourceFormat = words.argument();
                case "g" -> granularity = SizeArgument.parse("granularity", words.argument());
                case "f" -> format = words.argument();
                default -> source.take(key, words);
            }
        }
        check(words.operands());
        String name = words.operands().get(1);
        ImageSource.Located located = source.locate(words.operands().get(0), format);
        try (DiskImage image = located.with(located.options().withWritable(true).withBacking(false))
                        .open();
                OpenSources others = new OpenSources()) {
            if (sourceFile != null) {
                // Without what lies beneath: that may be the very image that is open for writing.
                ImageSource.Located other = mergeSource.locate(sourceFile, sourceFormat);
                others.add(other.with(other.options().withBacking(false)).open());
            }
            DiskImage merged = sourceFile == null ? image : others.first();
            for (Action action : actions) {
                apply(action, name, image, merged);
            }
        }
        return 0;
    }

    /** Refuses words that do not go together, in the order in which qemu-img looks at them. */
    private void check(List<String> operands) throws CommandException, UsageException {
        if (actions.isEmpty()) {
            throw new CommandException(
                    "Need at least one of --add, --remove, --clear, --enable, --disable, or --merge");
        }
        if (granularity != 0 && !asked("add")) {
            throw new CommandException("granularity only supported with --add");
        }
        if (sourceFormat != null && sourceFile == null) {
            throw new CommandException("-F only supported with -b");
        }
        if (sourceFile != null && !asked("merge")) {
            throw new CommandException("Merge bitmap source file only supported with --merge");
        }
        if (operands.size() != 2) {
            throw new CommandException("Expecting filename and bitmap name");
        }
    }

    private boolean asked(String verb) {
        return actions.stream().anyMatch(action -> action.verb.equals(verb));
    }

    private void apply(Action action, String name, DiskImage image, DiskImage merged) throws ImageException {
        try {
            Bitmaps bitmaps = image.capability(Bitmaps.class).orElse(null);
            if (bitmaps == null) {
                throw action.verb.equals("add") ? notStorable(name, image) : notFound(name);
            }
            switch (action.verb) {
                case "add" -> bitmaps.add(name, granularity == 0 ? bitmaps.defaultGranularity() : granularity, true);
                case "remove" -> bitmaps.remove(name);
                case "clear" -> bitmaps.clear(name);
                case "enable" -> bitmaps.enable(name);
                case "disable" -> bitmaps.disable(name);
                case "merge" -> {
                    // It is told first that there is no such target, and of what is wrong with one last.
                    if (bitmaps.list().stream()
                            .noneMatch(bitmap -> bitmap.name().equals(name))) {
                        throw notFound(name);
                    }
                    bitmaps.merge(name, read(merged, action.source));
                }
                default -> throw new IllegalStateException(action.verb);
            }
        } catch (IOException failed) {
            throw ImageException.wrap(failed).prefixed("Operation " + action.verb + " on bitmap " + name + " failed: ");
        }
    }

    /** Why a format without bitmaps does not take a new one; what no format would take is told first. */
    private ImageException notStorable(String name, DiskImage image) {
        if (name.isEmpty()) {
            return new ImageException(ErrorKind.BAD_OPTION, "Bitmap name cannot be empty");
        }
        return new ImageException(
                ErrorKind.UNSUPPORTED,
                "Can't store persistent bitmaps to " + image.name() + ": Operation not supported");
    }

    private static DirtyRuns read(DiskImage image, String name) throws IOException {
        Bitmaps bitmaps = image.capability(Bitmaps.class).orElse(null);
        if (bitmaps == null) {
            throw notFound(name);
        }
        return bitmaps.read(name);
    }

    private static ImageException notFound(String name) {
        return new ImageException(ErrorKind.NOT_FOUND, "Dirty bitmap '" + name + "' not found");
    }
}
