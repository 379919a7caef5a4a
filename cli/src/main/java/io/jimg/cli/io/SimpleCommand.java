package io.jimg.cli.io;

import java.io.IOException;
import java.util.List;

/**
 * A command without options.
 *
 * @param syntax how it is called
 * @param needsImage whether it works on an open image
 * @param action what it does
 */
record SimpleCommand(Syntax syntax, boolean needsImage, Action action) implements IoCommand {

    /** What a command does. */
    @FunctionalInterface
    interface Action {
        /** Does it. */
        void run(Session session, List<String> operands) throws IoFailure, IOException;
    }

    @Override
    public void run(Session session, Words words) throws IoFailure, IOException {
        action.run(session, words.plain());
    }
}
