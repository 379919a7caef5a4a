package io.jimg.ops;

import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.Options;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.Schema;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The options of an image to be. As in QEMU, a value that is text is looked into only when the image is made: it is
 * echoed before it is refused. Switches are echoed in the user's words.
 *
 * @param schema the options that there are
 * @param given the options as text
 * @param values what was read
 * @param refused the words that were no value of their option
 * @param refusal what is wrong with the first of them; null where all are right
 */
record CreateOptions(
        Schema schema,
        DottedOptions given,
        Options values,
        DottedOptions refused,
        @Nullable ImageException refusal) {

    /**
     * Reads text.
     *
     * @throws ImageException for an unknown option, and for a value that is neither right nor text
     */
    static CreateOptions read(Schema schema, DottedOptions text) throws ImageException {
        DottedOptions right = text;
        DottedOptions refused = DottedOptions.EMPTY;
        ImageException refusal = null;
        for (Map.Entry<String, String> entry : text.entries().entrySet()) {
            Option<?> option = schema.find(entry.getKey());
            try {
                schema.parse(DottedOptions.EMPTY.with(entry.getKey(), entry.getValue()));
            } catch (ImageException wrong) {
                if (option == null || !option.type().placeholder().equals(OptionType.STRING.placeholder())) {
                    throw wrong;
                }
                right = right.without(entry.getKey());
                refused = refused.with(entry.getKey(), entry.getValue());
                refusal = refusal == null ? wrong : refusal;
            }
        }
        return new CreateOptions(schema, text, schema.parse(right), refused, refusal);
    }

    /** Refuses what {@link #read} let pass. */
    void check() throws ImageException {
        if (refusal != null) {
            throw refusal;
        }
    }

    /** The text of an option's value, given or by default; null where it has neither. */
    @Nullable
    String text(Option<?> option) {
        String word = (option.type() == OptionType.BOOL ? given : refused).get(option.name());
        return word == null ? print(option) : word;
    }

    private <T> @Nullable String print(Option<T> option) {
        T value = values.get(option);
        return value == null ? null : option.type().print(value);
    }
}
