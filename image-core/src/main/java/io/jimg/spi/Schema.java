package io.jimg.spi;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.Options;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The options that a driver understands for one purpose (create, open, amend), in the order of {@code -o help}.
 *
 * @param options the options, names unique
 */
public record Schema(List<Option<?>> options) {

    /** No options. */
    public static final Schema EMPTY = new Schema(List.of());

    /** Copies the list. */
    public Schema {
        options = List.copyOf(options);
    }

    /** A schema of these options. */
    public static Schema of(Option<?>... options) {
        return new Schema(List.of(options));
    }

    /** The option of that name; null where there is none. */
    public @Nullable Option<?> find(String name) {
        for (Option<?> option : options) {
            if (option.name().equals(name)) {
                return option;
            }
        }
        return null;
    }

    /**
     * Reads text into values.
     *
     * @throws ImageException {@link ErrorKind#BAD_OPTION} for a name that is not in the schema or a value that its type
     *     refuses
     */
    public Options parse(DottedOptions text) throws ImageException {
        Options parsed = Options.none();
        for (Map.Entry<String, String> entry : text.entries().entrySet()) {
            Option<?> option = find(entry.getKey());
            if (option == null) {
                throw new ImageException(ErrorKind.BAD_OPTION, "Invalid parameter '" + entry.getKey() + "'");
            }
            parsed = parseOne(parsed, option, entry.getValue());
        }
        return parsed;
    }

    private static <T> Options parseOne(Options parsed, Option<T> option, String text) throws ImageException {
        return parsed.with(option, option.type().parse(option.name(), text));
    }
}
