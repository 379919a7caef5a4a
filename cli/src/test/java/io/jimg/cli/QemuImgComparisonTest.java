package io.jimg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.cli.commands.Commands;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs every command line of {@code commands/*.txt} by the real qemu-img and by ours, on the same files, and compares
 * exit codes, output and complaints byte for byte, and the images that come out.
 *
 * <p>In these tables {@code @} is the folder of fixtures and {@code %} a fresh folder; a fixture named after {@code %}
 * is copied there first. Lines with {@code !} hold what stock QEMU 10 complains where the oracle's distribution has
 * words of its own.
 */
class QemuImgComparisonTest {
    /** The table of lines that call no command, or none that there is; every command has one of its own. */
    private static final String NO_COMMAND = "program";

    @TempDir(cleanup = CleanupMode.ALWAYS)
    static Path folder;

    private static SideBySide sideBySide;

    @BeforeAll
    static void makeFixtures() throws IOException {
        sideBySide = SideBySide.in(folder);
    }

    /**
     * One line of the table.
     *
     * @param words the command line; {@code @} stands for the folder of fixtures, {@code %} for a fresh folder
     * @param errors what stock QEMU complains, where the oracle's distribution has changed it; null to compare with the
     *     oracle
     */
    record Line(List<String> words, @Nullable String errors) {
        @Override
        public String toString() {
            return String.join(" ", words);
        }
    }

    static Stream<Line> lines() throws IOException {
        List<Line> lines = new ArrayList<>();
        readTable(NO_COMMAND, lines);
        for (String command : Commands.NAMES) {
            readTable(command, lines);
        }
        return lines.stream();
    }

    private static void readTable(String name, List<Line> lines) throws IOException {
        String resource = "commands/" + name + ".txt";
        try (BufferedReader table = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(QemuImgComparisonTest.class.getResourceAsStream(resource), resource),
                StandardCharsets.UTF_8))) {
            String line;
            while ((line = table.readLine()) != null) {
                if (line.startsWith("! ")) {
                    Line last = lines.remove(lines.size() - 1);
                    String errors = (last.errors == null ? "" : last.errors) + line.substring(2) + "\n";
                    lines.add(new Line(last.words, errors));
                } else if (!line.isBlank() && !line.startsWith("#")) {
                    lines.add(new Line(split(line), null));
                }
            }
        }
    }

    /** Words between blanks; {@code ''} is an empty word. */
    private static List<String> split(String line) {
        return Stream.of(line.trim().split(" +"))
                .map(word -> word.equals("''") ? "" : word)
                .toList();
    }

    @ParameterizedTest
    @MethodSource("lines")
    void answersAsQemuImgDoes(Line line) throws IOException {
        try {
            SideBySide.Pair pair = sideBySide.run(line.words);
            String errors = line.errors == null ? pair.theirs().err() : line.errors;
            assertThat(pair.ours().err()).as("standard error").isEqualTo(errors);
            assertThat(pair.ours().out())
                    .as("standard output")
                    .isEqualTo(pair.theirs().out());
            assertThat(pair.ours().exitCode())
                    .as("exit code")
                    .isEqualTo(pair.theirs().exitCode());
            if (pair.writes() && pair.ours().exitCode() == 0) {
                sideBySide.compareOutputs();
            } else if (pair.writes()) {
                assertThat(sideBySide.ourNames()).as("files left by a failure").isSubsetOf(pair.provided());
            }
        } finally {
            sideBySide.clear();
        }
    }
}
