package io.jimg.cli.serve;

import io.jimg.cli.process.CommandException;
import io.jimg.cli.serve.ImageWishes.DetectZeroes;

/** The words of {@code --discard} and {@code --detect-zeroes}. */
public final class DeviceWords {
    private DeviceWords() {}

    /** Whether discards are passed on. */
    public static boolean discards(String word) throws CommandException {
        return switch (word) {
            case "unmap", "on" -> true;
            case "ignore", "off" -> false;
            default -> throw new CommandException("Invalid discard mode `" + word + "'");
        };
    }

    /** What becomes of written zeroes. */
    public static DetectZeroes detectZeroes(String word) throws CommandException {
        return switch (word) {
            case "off" -> DetectZeroes.OFF;
            case "on" -> DetectZeroes.ON;
            case "unmap" -> DetectZeroes.UNMAP;
            default ->
                throw new CommandException("Failed to parse detect_zeroes mode: invalid parameter value: " + word);
        };
    }

    /** Refuses what does not go together. */
    public static void check(ImageWishes wishes) throws CommandException {
        if (wishes.detectZeroes() == DetectZeroes.UNMAP && !wishes.discards()) {
            throw new CommandException(
                    "setting detect-zeroes to unmap is not allowed without setting discard operation to unmap");
        }
    }
}
