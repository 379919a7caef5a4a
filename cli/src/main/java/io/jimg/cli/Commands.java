package io.jimg.cli;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The commands by name. Finding one loads no other. */
final class Commands {
    /** The commands that qemu-img has too, in alphabetical order. */
    static final List<String> NAMES = List.of("check", "compare", "convert", "create", "info", "map");

    /** The commands of our own. */
    static final List<String> OWN_NAMES = List.of("completion");

    private Commands() {}

    /** A fresh instance of the command of that name; null where there is none. */
    static @Nullable Command find(String name) {
        return switch (name) {
            case "check" -> new CheckCommand();
            case "compare" -> new CompareCommand();
            case "completion" -> new CompletionCommand();
            case "convert" -> new ConvertCommand();
            case "create" -> new CreateCommand();
            case "info" -> new InfoCommand();
            case "map" -> new MapCommand();
            default -> null;
        };
    }
}
