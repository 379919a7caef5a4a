package io.jimg.debug;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.Options;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.FilterProtocol;
import io.jimg.spi.Schema;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/**
 * The driver {@code blkdebug}: errors where rules want them, requests held up, other alignments. Rules come from a file
 * ({@code config}) and from the lists {@code inject-error} and {@code set-state}; permissions to take or to keep from
 * others are read, without effect.
 */
public final class BlkdebugProtocol implements FilterProtocol {
    /** The driver's name. */
    public static final String NAME = "blkdebug";

    static final Option<Long> ALIGN = Option.of("align", OptionType.SIZE, 0L, "Required alignment in bytes");
    static final Option<Long> MAX_TRANSFER =
            Option.of("max-transfer", OptionType.SIZE, 0L, "Maximum transfer size in bytes");
    static final Option<Long> ZERO_ALIGNMENT =
            Option.of("opt-write-zero", OptionType.SIZE, 0L, "Optimum write zero alignment in bytes");
    static final Option<Long> MAX_ZERO =
            Option.of("max-write-zero", OptionType.SIZE, 0L, "Maximum write zero size in bytes");
    static final Option<Long> DISCARD_ALIGNMENT =
            Option.of("opt-discard", OptionType.SIZE, 0L, "Optimum discard alignment in bytes");
    static final Option<Long> MAX_DISCARD =
            Option.of("max-discard", OptionType.SIZE, 0L, "Maximum discard size in bytes");

    private static final Option<String> CONFIG =
            Option.of("config", OptionType.STRING, "Path to the configuration file");
    private static final String CHILD = "image";
    private static final String PREFIX = NAME + ":";

    private static final Schema SCHEMA = Schema.of(
            CONFIG,
            ALIGN,
            MAX_TRANSFER,
            ZERO_ALIGNMENT,
            MAX_ZERO,
            DISCARD_ALIGNMENT,
            MAX_DISCARD,
            Option.of(NAME_PREFIX + CHILD, OptionType.STRING, ""));

    private static final List<String> LISTS =
            List.of(RuleTable.ERRORS, RuleTable.STATES, "take-child-perms", "unshare-child-perms");

    /** The driver. */
    public BlkdebugProtocol() {}

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Schema schema() {
        return SCHEMA;
    }

    @Override
    public String child() {
        return CHILD;
    }

    @Override
    public List<String> lists() {
        return LISTS;
    }

    /** {@code blkdebug:CONFIG:IMAGE}, where CONFIG may be empty. */
    @Override
    public DottedOptions parseName(String name) throws ImageException {
        String rest = name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : name;
        int colon = rest.indexOf(':');
        if (colon < 0) {
            throw new ImageException(ErrorKind.BAD_OPTION, "blkdebug requires both config file and image path");
        }
        DottedOptions options = DottedOptions.EMPTY.with(NAME_PREFIX + CHILD, rest.substring(colon + 1));
        return colon == 0 ? options : options.with(CONFIG.name(), rest.substring(0, colon));
    }

    @Override
    public String nameOf(Options options) {
        String config = options.get(CONFIG);
        return PREFIX + (config == null ? "" : config) + ':';
    }

    @Override
    public List<String> files(Options options) {
        String config = options.get(CONFIG);
        return config == null ? List.of() : List.of(config);
    }

    @Override
    public boolean inName(String option) {
        return option.equals(CONFIG.name());
    }

    @Override
    public Storage open(Storage inner, Options options, DottedOptions lists, String name) throws IOException {
        RuleTable table = new RuleTable();
        String config = options.get(CONFIG);
        if (config != null) {
            table.read(path(config));
        }
        table.read(lists);
        return new DebugStorage(inner, name, new Rules(table), Constraints.of(options, inner.limits()));
    }

    private static Path path(String config) throws ImageException {
        try {
            return Path.of(config);
        } catch (InvalidPathException noName) {
            throw new ImageException(
                    ErrorKind.NOT_FOUND, "Could not read blkdebug config file: Invalid argument", noName);
        }
    }
}
