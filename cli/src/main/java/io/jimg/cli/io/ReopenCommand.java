package io.jimg.cli.io;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.OpenOptions;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.Failures;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** {@code reopen}: changes how the image is open. */
final class ReopenCommand implements IoCommand {
    private static final Syntax SYNTAX = new Syntax(
            "reopen", null, 0, Syntax.ANY, "[(-r|-w)] [-c cache] [-o options]", "reopens an image with new options");

    private static final List<OptionSpec> TABLE = List.of(
            OptionSpec.flag('r', "for reading only"),
            OptionSpec.flag('w', "to read and write"),
            OptionSpec.valued('c', "cache", "how the host's cache is used"),
            OpenCommand.OPTIONS);

    private static final String UNKNOWN_OPTION = "support the option '";

    @Override
    public Syntax syntax() {
        return SYNTAX;
    }

    @Override
    public List<OptionSpec> options() {
        return TABLE;
    }

    @Override
    public List<String> help() {
        return List.of(
                "changes how the open image is open",
                "",
                "Example:",
                "'reopen -o lazy-refcounts=on' - lets a qcow2 image write its refcounts late");
    }

    @Override
    public void run(Session session, Words words) throws UsageException, IoFailure, IOException {
        @Nullable Boolean writable = null;
        @Nullable String cache = null;
        Map<String, String> options = new LinkedHashMap<>();
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "r", "w" -> {
                    if (writable != null) {
                        throw IoFailure.complaint("Only one -r/-w option may be given");
                    }
                    writable = key.equals("w");
                }
                case "c" -> {
                    cache = words.argument();
                    TargetWords.cache(cache);
                }
                default -> options.putAll(OpenCommand.parse(session, words.argument()));
            }
        }
        words.operands(0);
        if (writable != null && options.containsKey("read-only")) {
            throw IoFailure.complaint("Cannot set both -r/-w and 'read-only'");
        }
        if (cache != null && (options.containsKey("cache.direct") || options.containsKey("cache.no-flush"))) {
            throw IoFailure.complaint("Cannot set both -c and the cache options");
        }
        removeUnchanged(session, options);
        Target target = session.target();
        OpenOptions how = target.options();
        if (writable != null) {
            how = how.withWritable(writable);
        }
        if (cache != null) {
            how = how.withCache(TargetWords.cache(cache));
        }
        reopen(session, target.with(how).with(options));
    }

    private static void reopen(Session session, Target target) throws IoFailure {
        try {
            session.reopen(target);
        } catch (IOException failed) {
            String sentence = Failures.sentence(failed);
            boolean unknown = failed instanceof ImageException image
                    && image.kind() == ErrorKind.BAD_OPTION
                    && sentence.contains(UNKNOWN_OPTION);
            if (unknown) {
                int start = sentence.indexOf(UNKNOWN_OPTION) + UNKNOWN_OPTION.length();
                throw unchangeable(sentence.substring(start, sentence.length() - 1));
            }
            throw IoFailure.complaint(sentence);
        }
    }

    /** Drivers and names of nodes are what they are; to state them once more is no change. */
    private static void removeUnchanged(Session session, Map<String, String> options) throws IoFailure {
        for (String key : List.copyOf(options.keySet())) {
            String last = key.substring(key.lastIndexOf('.') + 1);
            if (last.equals("driver") || last.equals("node-name")) {
                String value = options.remove(key);
                String present = last.equals("driver")
                        ? driver(session.image(), key)
                        : session.target().options().driverOptions().get(key);
                if (!Objects.equals(value, present)) {
                    throw unchangeable(last);
                }
            }
        }
    }

    private static @Nullable String driver(@Nullable DiskImage image, String key) {
        if (image == null) {
            return null;
        }
        if (key.equals("driver")) {
            return image.format();
        }
        if (key.startsWith("backing.")) {
            return driver(image.backing(), key.substring("backing.".length()));
        }
        for (DiskImage.Child child : image.children()) {
            if (key.equals(child.name() + ".driver")) {
                return child.storage().protocol();
            }
        }
        return null;
    }

    private static IoFailure unchangeable(String option) {
        return IoFailure.complaint("Cannot change the option '" + option + "'");
    }
}
