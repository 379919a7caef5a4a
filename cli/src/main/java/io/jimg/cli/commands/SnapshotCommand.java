package io.jimg.cli.commands;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Snapshots;
import io.jimg.capability.Snapshots.Snapshot;
import io.jimg.cli.arguments.ImageName;
import io.jimg.cli.arguments.ImageSource;
import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.cli.text.SnapshotTable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code snapshot}: lists, makes, applies and deletes internal snapshots. */
final class SnapshotCommand implements Command {
    private static final int LONGEST_NAME = 255;

    private static final List<OptionSpec> TABLE = List.of(
            SharedOptions.HELP,
            SharedOptions.QUIET.or("quiet"),
            SharedOptions.FORMAT,
            SharedOptions.IMAGE_OPTS,
            SharedOptions.FORCE_SHARE,
            SharedOptions.OBJECT,
            OptionSpec.flag('l', "list the snapshots (the default)").or("list"),
            OptionSpec.valued('c', "SNAPSHOT", "make a snapshot of that name").or("create"),
            OptionSpec.valued('a', "SNAPSHOT", "make the disk what a snapshot holds, by its id or name")
                    .or("apply"),
            OptionSpec.valued('d', "SNAPSHOT", "delete the snapshot of that name")
                    .or("delete"));

    @Override
    public List<OptionSpec> options() {
        return TABLE;
    }

    @Override
    public String operands() {
        return "FILENAME";
    }

    @Override
    public String summary() {
        return "list or change the internal snapshots of an image";
    }

    @Override
    public int run(Invocation invocation) throws UsageException, CommandException, IOException {
        Console console = invocation.console();
        ImageSource source = new ImageSource(console);
        @Nullable String format = null;
        @Nullable String action = null;
        String argument = "";
        Getopt words = invocation.options(this);
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "h" -> {
                    return HELP;
                }
                case "q" -> {
                    // Nothing is said but the list that was asked for.
                }
                case "f" -> format = words.argument();
                case "l", "c", "a", "d" -> {
                    if (action != null) {
                        throw new UsageException("Cannot mix '-l', '-a', '-c', '-d'");
                    }
                    action = key;
                    argument = key.equals("l") ? "" : words.argument();
                }
                default -> source.take(key, words);
            }
        }
        String name = ImageName.only(words.operands());
        String wanted = action == null ? "l" : action;
        ImageSource.Located located = source.locate(name, format);
        try (DiskImage image = located.with(located.options().withWritable(!wanted.equals("l")))
                .open()) {
            Optional<Snapshots> snapshots = image.capability(Snapshots.class);
            switch (wanted) {
                case "c" -> create(snapshots, cut(argument));
                case "a" -> apply(snapshots, argument);
                case "d" -> delete(snapshots, argument);
                default -> list(console, snapshots);
            }
        }
        return 0;
    }

    private static void list(Console console, Optional<Snapshots> snapshots) throws IOException {
        List<Snapshot> all = snapshots.isEmpty() ? List.of() : snapshots.get().list();
        if (!all.isEmpty()) {
            console.line("Snapshot list:");
            SnapshotTable.rows(all).forEach(console::line);
        }
    }

    private static void create(Optional<Snapshots> snapshots, String name) throws IOException {
        snapshots
                .orElseThrow(() -> new ImageException(
                        ErrorKind.UNSUPPORTED, "Could not create snapshot '" + name + "': Operation not supported"))
                .create(name);
    }

    private static void apply(Optional<Snapshots> snapshots, String idOrName) throws IOException {
        snapshots
                .orElseThrow(() -> new ImageException(
                        ErrorKind.UNSUPPORTED,
                        "Could not apply snapshot '" + idOrName + "': Block driver does not support snapshots"))
                .apply(idOrName);
    }

    /** By name alone, as qemu-img does. */
    private static void delete(Optional<Snapshots> snapshots, String name) throws IOException {
        List<Snapshot> all = snapshots.isEmpty() ? List.of() : snapshots.get().list();
        for (Snapshot each : all) {
            if (each.name().equals(name)) {
                snapshots.orElseThrow().delete(each.id());
                return;
            }
        }
        throw new ImageException(ErrorKind.NOT_FOUND, "Could not delete snapshot '" + name + "': snapshot not found");
    }

    /** A name's first bytes, as many as qemu-img keeps; no character is cut. */
    private static String cut(String name) {
        ByteBuffer bytes = ByteBuffer.allocate(LONGEST_NAME);
        StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(name), bytes, true);
        return StandardCharsets.UTF_8.decode(bytes.flip()).toString();
    }
}
