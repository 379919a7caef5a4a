package io.jimg.cli;

import io.jimg.cli.commands.Command;
import io.jimg.cli.commands.Invocation;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.process.Console;
import io.jimg.spi.Doc;
import io.jimg.spi.JsonWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code --json}, which every command of jimg has. A command that has a JSON form of its own prints that; of the others
 * the result is a document with the command's name, its exit code, and the lines that it printed and complained.
 */
final class JsonRun {
    private static final String FLAG = "--json";

    private JsonRun() {}

    /** Whether a command's words ask for it. */
    static boolean asked(List<String> words) {
        int end = words.indexOf("--");
        int at = words.indexOf(FLAG);
        return at >= 0 && (end < 0 || at < end);
    }

    /** Runs a command whose words ask for it; answers the exit code. */
    static int run(Console console, Getopt.Order order, String name, Command command, List<String> words)
            throws IOException {
        List<String> rest = new ArrayList<>(words);
        rest.remove(FLAG);
        boolean hasForm =
                command.options().stream().anyMatch(option -> option.key().equals("output"));
        if (hasForm) {
            rest.add(0, "--output=json");
            return Main.run(console, order, new Invocation(console, name, rest, order), command);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console inner = new Console(console.program(), out, err);
        int exitCode = Main.run(inner, order, new Invocation(inner, name, rest, order), command);
        inner.flush();
        console.line(JsonWriter.pretty(Doc.create()
                .put("command", name)
                .put("exit-code", exitCode)
                .put("output", lines(out))
                .put("errors", lines(err))));
        return exitCode;
    }

    private static List<Object> lines(ByteArrayOutputStream bytes) {
        String text = bytes.toString(StandardCharsets.UTF_8);
        return new ArrayList<>(text.lines().toList());
    }
}
