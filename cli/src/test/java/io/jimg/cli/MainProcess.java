package io.jimg.cli;

import io.jimg.cli.io.QemuIo;
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
        return builder(errors, List.of(), Main.class, words);
    }

    /** Another program of ours, with flags of the JVM's own. */
    static ProcessBuilder builder(Path errors, List<String> flags, Class<?> main, Object... words) {
        ProcessBuilder program = program(main, words).redirectError(errors.toFile());
        program.command().addAll(1, flags);
        return program;
    }

    /**
     * Starts qemu-io.
     *
     * @param commands the file that it reads its commands from
     * @param output the file that both its streams go to
     */
    static Process startIo(Path commands, Path output, Object... words) throws IOException {
        return program(QemuIo.class, words)
                .redirectInput(commands.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
    }

    private static ProcessBuilder program(Class<?> main, Object... words) {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        for (Object word : words) {
            command.add(word.toString());
        }
        return new ProcessBuilder(command);
    }
}
