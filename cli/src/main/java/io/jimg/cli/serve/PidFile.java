package io.jimg.cli.serve;

import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Failures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The file that tells the server's process. */
final class PidFile {
    private PidFile() {}

    /** Writes it, or writes over it. */
    static void write(Path file) throws CommandException {
        try {
            Files.writeString(file, ProcessHandle.current().pid() + "\n");
        } catch (IOException failed) {
            String sentence = Failures.sentence(failed);
            String reason = sentence.startsWith(file + ": ")
                    ? sentence.substring(file.toString().length() + 2)
                    : sentence;
            throw new CommandException("Could not create '" + file + "': " + reason);
        }
    }
}
