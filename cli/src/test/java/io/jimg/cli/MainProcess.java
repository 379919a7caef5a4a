package io.jimg.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The program in a process of its own, for what signals do to it. */
final class MainProcess {
    private MainProcess() {}

    /**
     * Starts it.
     *
     * @param errors the file that its standard error goes to
     */
    static Process start(Path errors, Object... words) throws IOException {
        return builder(errors, words)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    /** The same, to be started with its standard output at hand. */
    static ProcessBuilder builder(Path errors, Object... words) {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        for (Object word : words) {
            command.add(word.toString());
        }
        return new ProcessBuilder(command).redirectError(errors.toFile());
    }
}
