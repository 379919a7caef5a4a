package io.jimg.cli.arguments;

import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;

/** What to do where a key stands alone in a list of options, without a value. */
@FunctionalInterface
public interface ShortForms {

    /**
     * A key stands alone.
     *
     * @param typed as it stands there: {@code lazy} or {@code nolazy}
     * @param meant what it is taken for: {@code lazy=on} or {@code lazy=off}
     * @throws CommandException where that is not allowed
     */
    void met(String typed, String meant) throws CommandException;

    /** {@code -o} takes them without complaint. */
    ShortForms ACCEPTED = new ShortForms() {
        @Override
        public void met(String typed, String meant) {
            // Nothing to say.
        }
    };

    /** {@code --object} does not take them. */
    ShortForms REFUSED = new ShortForms() {
        @Override
        public void met(String typed, String meant) throws CommandException {
            throw new CommandException("Expected '=' after parameter '" + typed + "'");
        }
    };

    /** {@code --image-opts} takes them with a warning. */
    static ShortForms warned(Console console) {
        return new ShortForms() {
            @Override
            public void met(String typed, String meant) {
                console.error("warning: short-form boolean option '" + typed + "' deprecated");
                console.plainError("Please use " + meant + " instead");
            }
        };
    }
}
