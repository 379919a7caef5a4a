package io.jimg.cli.arguments;

import io.jimg.cli.process.CommandException;

/** The words of {@code --output}. */
public enum OutputForm {
    HUMAN,
    JSON;

    /** The form that a word names. */
    public static OutputForm parse(String word) throws CommandException {
        return switch (word) {
            case "human" -> HUMAN;
            case "json" -> JSON;
            default -> throw new CommandException("--output must be used with human or json as argument.");
        };
    }
}
