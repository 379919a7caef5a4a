package io.jimg.cli.io;

import io.jimg.CacheMode;
import io.jimg.OpenOptions;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.OpenGate;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which image is opened, and how. Immutable.
 *
 * @param name its name; null where the options describe a tree
 * @param options how it is opened
 * @param snapshot whether writes go to a file that is thrown away
 * @param copyOnRead whether what is read from a backing file is kept
 * @param discards whether discards reach the image
 */
record Target(@Nullable String name, OpenOptions options, boolean snapshot, boolean copyOnRead, boolean discards) {

    /** To read and write, with nothing special. */
    static final Target PLAIN =
            new Target(null, OpenOptions.DEFAULT.withGate(OpenGate.ALLOW).withWritable(true), false, false, true);

    /** Under a name; null for a tree of options. */
    Target named(@Nullable String value) {
        return new Target(value, options, snapshot, copyOnRead, discards);
    }

    /** With other options. */
    Target with(OpenOptions value) {
        return new Target(name, value, snapshot, copyOnRead, discards);
    }

    /** With options for the drivers beside those that are there. */
    Target with(Map<String, String> more) {
        DottedOptions all = options.driverOptions();
        for (Map.Entry<String, String> entry : more.entrySet()) {
            all = all.with(entry.getKey(), entry.getValue());
        }
        return with(options.withDriverOptions(all));
    }

    /** With writes that are thrown away. */
    Target withSnapshot() {
        return new Target(name, options, true, copyOnRead, discards);
    }

    /** With what is read from a backing file kept. */
    Target withCopyOnRead() {
        return new Target(name, options, snapshot, true, discards);
    }

    /** With discards passed on, or dropped. */
    Target withDiscards(boolean value) {
        return new Target(name, options, snapshot, copyOnRead, value);
    }

    /** With another cache mode. */
    Target with(CacheMode mode) {
        return with(options.withCache(mode));
    }

    /** The target as complaints call it. */
    String words() {
        return name == null ? "" : " device " + name;
    }
}
