package io.jimg.cli.text;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.Option;
import io.jimg.all.AllFormats;
import io.jimg.cli.process.Console;
import io.jimg.ops.Create;
import io.jimg.spi.Schema;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The list that {@code -o help} prints. */
public final class CreateOptionsHelp {
    private static final int HELP_COLUMN = 24;

    private CreateOptionsHelp() {}

    /**
     * Prints what a format can be created with, and what the file's protocol knows besides where a file is named.
     *
     * @throws IOException if there is no such format, it cannot be created, or the file's protocol is unknown
     */
    public static void print(Console console, String format, @Nullable String fileName) throws IOException {
        Images images = AllFormats.images();
        if (images.format(format).createSchema().options().isEmpty()) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED, "Format driver '" + format + "' does not support image creation");
        }
        console.out().print(text(format, Create.schema(images, format, fileName), fileName != null));
    }

    /** The list, line feeds included; where no file was named, it says that there may be more. */
    public static String text(String format, Schema schema, boolean fileNamed) {
        List<Option<?>> all = new ArrayList<>(schema.options());
        all.sort(BY_NAME);
        StringBuilder text =
                new StringBuilder(fileNamed ? "Supported options:\n" : "Supported " + format + " options:\n");
        for (Option<?> option : all) {
            row(text, option);
        }
        if (!fileNamed) {
            text.append("\nThe protocol level may support further options.\n"
                    + "Specify the target filename to include those options.\n");
        }
        return text.toString();
    }

    /** The list of what images of a format can be amended with, line feeds included. */
    public static String amend(String format, Schema schema) {
        List<Option<?>> all = new ArrayList<>(schema.options());
        all.sort(BY_NAME);
        StringBuilder text = new StringBuilder("Amend options for '" + format + "':\n");
        for (Option<?> option : all) {
            row(text, option);
        }
        return text.toString();
    }

    private static void row(StringBuilder text, Option<?> option) {
        int start = text.length();
        text.append("  ").append(option.name()).append('=').append(option.type().placeholder());
        if (!option.help().isEmpty()) {
            while (text.length() - start < HELP_COLUMN) {
                text.append(' ');
            }
            text.append(" - ").append(option.help());
        }
        text.append('\n');
    }

    private static final Comparator<Option<?>> BY_NAME = new Comparator<>() {
        @Override
        public int compare(Option<?> one, Option<?> other) {
            return one.name().compareTo(other.name());
        }
    };
}
