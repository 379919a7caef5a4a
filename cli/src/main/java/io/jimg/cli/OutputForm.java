package io.jimg.cli;

/** The words of {@code --output}. */
enum OutputForm {
    HUMAN,
    JSON;

    /** The form that a word names. */
    static OutputForm parse(String word) throws CommandException {
        return switch (word) {
            case "human" -> HUMAN;
            case "json" -> JSON;
            default -> throw new CommandException("--output must be used with human or json as argument.");
        };
    }
}
