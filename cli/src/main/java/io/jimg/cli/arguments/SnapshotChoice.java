package io.jimg.cli.arguments;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Snapshots;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which internal snapshot {@code -l} means: {@code snapshot.id=ID,snapshot.name=NAME}, or a word that is an id or a
 * name.
 *
 * @param word an id or a name; null where one of the others says it
 * @param id the id; null for any
 * @param name the name; null for any
 */
public record SnapshotChoice(
        @Nullable String word,
        @Nullable String id,
        @Nullable String name) {

    /** Whether it is a word that is an id or a name, without keys that say which. */
    public boolean isPlainWord() {
        return word != null;
    }

    /** Reads the argument of {@code -l}. */
    public static SnapshotChoice parse(Console console, String argument) throws CommandException {
        if (!argument.startsWith("snapshot.")) {
            return new SnapshotChoice(argument, null, null);
        }
        Map<String, String> words = OptionLists.parse(argument, null, ShortForms.warned(console));
        for (String key : words.keySet()) {
            if (!key.equals("snapshot.id") && !key.equals("snapshot.name")) {
                console.error("Invalid parameter '" + key + "'");
                throw new CommandException("Failed in parsing snapshot param '" + argument + "'");
            }
        }
        return new SnapshotChoice(null, words.get("snapshot.id"), words.get("snapshot.name"));
    }

    /** The snapshot as an image, to be closed before {@code image}. */
    public DiskImage open(DiskImage image) throws IOException {
        Snapshots snapshots = image.capability(Snapshots.class)
                .orElseThrow(() -> new ImageException(
                        ErrorKind.UNSUPPORTED,
                        "Failed to load snapshot: Block format '" + image.format()
                                + "' used by device '' does not support temporarily loading internal snapshots"));
        if (word != null) {
            return open(snapshots, word);
        }
        for (Snapshots.Snapshot snapshot : snapshots.list()) {
            if ((id == null || snapshot.id().equals(id))
                    && (name == null || snapshot.name().equals(name))) {
                return open(snapshots, snapshot.id());
            }
        }
        throw notFound(null);
    }

    private static DiskImage open(Snapshots snapshots, String idOrName) throws IOException {
        try {
            return snapshots.open(idOrName);
        } catch (ImageException failed) {
            throw failed.kind() == ErrorKind.NOT_FOUND
                    ? notFound(failed)
                    : failed.prefixed("Failed to load snapshot: ");
        }
    }

    private static ImageException notFound(@Nullable Throwable cause) {
        return new ImageException(ErrorKind.NOT_FOUND, "Failed to load snapshot: Can't find snapshot", cause);
    }
}
