package io.jimg.cli.commands;

import io.jimg.ImageException;
import io.jimg.all.AllFormats;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.process.CommandException;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code --key-secret}: the secret object that opens encrypted images, whatever their format calls the option. */
final class KeySecret {
    static final OptionSpec OPTION =
            OptionSpec.valued("key-secret", "id", "secret object that opens an encrypted image; needs the format");

    private KeySecret() {}

    /**
     * The option of a format that takes a secret: of encryption that is the format itself, or lies inside it.
     *
     * @param format as it was stated; null where it was not
     */
    static DottedOptions options(@Nullable String format, String secret) throws CommandException {
        if (format == null) {
            throw new CommandException("--key-secret needs the format to be stated");
        }
        try {
            Schema schema = AllFormats.images().format(format).openSchema();
            for (String option : List.of("key-secret", "encrypt.key-secret")) {
                if (schema.find(option) != null) {
                    return DottedOptions.EMPTY.with(option, secret);
                }
            }
        } catch (ImageException unknown) {
            throw new CommandException(unknown.getMessage());
        }
        throw new CommandException("Images of the format '" + format + "' have no secrets");
    }
}
