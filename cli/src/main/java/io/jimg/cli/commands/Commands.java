package io.jimg.cli.commands;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The commands by name. Finding one loads no other. */
public final class Commands {
    /** Names of the commands that qemu-img has too, in alphabetical order. */
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

    /** Names of the commands that only jimg has, in alphabetical order. */
    public static final List<String> OWN_NAMES = List.of("digest", "serve", "validate");

    private Commands() {}

    /** Names of the commands of a program: of jimg, which has all, or of one that stands in for qemu-img. */
    public static List<String> names(boolean speaksFreely) {
        if (!speaksFreely) {
            return NAMES;
        }
        List<String> all = new ArrayList<>(NAMES);
        all.addAll(OWN_NAMES);
        Collections.sort(all);
        return all;
    }

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
            case "digest" -> new DigestCommand();
            case "info" -> new InfoCommand();
            case "map" -> new MapCommand();
            case "measure" -> new MeasureCommand();
            case "rebase" -> new RebaseCommand();
            case "resize" -> new ResizeCommand();
            case "serve" -> new ServeCommand();
            case "snapshot" -> new SnapshotCommand();
            case "validate" -> new ValidateCommand();
            default -> null;
        };
    }
}
