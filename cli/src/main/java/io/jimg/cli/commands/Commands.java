package io.jimg.cli.commands;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The commands that qemu-img has too, by name. Finding one loads no other. */
public final class Commands {
    /** All names, in alphabetical order. */
    public static final List<String> NAMES = List.of(
            "amend",
            "bench",
            "bitmap",
            "check",
            "commit",
            "compare",
            "convert",
            "create",
            "dd",
            "info",
            "map",
            "measure",
            "rebase",
            "resize",
            "snapshot");

    private Commands() {}

    /** A fresh instance of the command of that name; null where there is none. */
    public static @Nullable Command find(String name) {
        return switch (name) {
            case "amend" -> new AmendCommand();
            case "bench" -> new BenchCommand();
            case "bitmap" -> new BitmapCommand();
            case "check" -> new CheckCommand();
            case "commit" -> new CommitCommand();
            case "compare" -> new CompareCommand();
            case "convert" -> new ConvertCommand();
            case "create" -> new CreateCommand();
            case "dd" -> new DdCommand();
            case "info" -> new InfoCommand();
            case "map" -> new MapCommand();
            case "measure" -> new MeasureCommand();
            case "rebase" -> new RebaseCommand();
            case "resize" -> new ResizeCommand();
            case "snapshot" -> new SnapshotCommand();
            default -> null;
        };
    }
}
