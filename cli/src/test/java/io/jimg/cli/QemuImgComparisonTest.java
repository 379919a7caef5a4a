package io.jimg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.cli.commands.Commands;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.process.Console;
import io.jimg.host.HostFile;
import io.jimg.testkit.QemuOracle;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
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

    /**
     * What differs for reasons of the file system, of the layout or of chance, and is no part of the comparison of two
     * outputs.
     */
    private static final Pattern HOST_FIGURES =
            Pattern.compile("\"(actual-size|virtual-size|date-n?sec|cid|parent-cid)\": \\d+,?");

    /** The time that {@code bench} has measured. */
    private static final Pattern MEASURED = Pattern.compile("completed in \\d+\\.\\d{3} seconds");

    @TempDir(cleanup = CleanupMode.ALWAYS)
    static Path folder;

    private static QemuOracle oracle;
    private static Fixtures fixtures;

    @BeforeAll
    static void makeFixtures() throws IOException {
        oracle = QemuOracle.assumeVersion(10);
        assumeHostCalls();
        fixtures = Fixtures.make(oracle, Files.createDirectory(folder.resolve("in")));
    }

    /**
     * Holes and what a file occupies are asked of the host, which takes the packaged jars: {@code mvn verify} has them,
     * {@code mvn test} has not.
     */
    private static void assumeHostCalls() {
        if (!HostFile.isAvailable()) {
            System.err.println(
                    "jimg: no host calls from class folders: the comparison of command lines is SKIPPED (mvn verify runs it)");
            assertThat(System.getenv("CI"))
                    .as("CI demands that nothing is skipped")
                    .isNotEqualTo("true");
            Assumptions.abort("no host calls");
        }
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

        /** Whether the command may write, so that each program needs a folder of its own. */
        boolean writes() {
            return words.stream().anyMatch(word -> word.contains("%"));
        }

        Object[] wordsIn(Path outputs) {
            return words.stream()
                    .map(word ->
                            word.replace("@", folder.resolve("in").toString()).replace("%", outputs.toString()))
                    .toArray();
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
        Path theirs = Files.createDirectories(folder.resolve("work/peer"));
        Path ours = Files.createDirectories(folder.resolve("work/ours"));
        try {
            fixtures.provide(line.toString(), theirs, ours);
            List<String> provided = names(ours);
            QemuOracle.Result expected = oracle.img(line.wordsIn(theirs));
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            int exitCode = run(out, err, line.wordsIn(ours));

            String errors = line.errors == null ? masked(expected.stderr(), theirs) : line.errors;
            assertThat(masked(text(err), ours)).as("standard error").isEqualTo(masked(errors, theirs));
            assertThat(masked(text(out), ours)).as("standard output").isEqualTo(masked(expected.stdout(), theirs));
            assertThat(exitCode).as("exit code").isEqualTo(expected.exitCode());
            if (line.writes() && exitCode == 0) {
                compareOutputs(theirs, ours);
            } else if (line.writes()) {
                assertThat(names(ours)).as("files left by a failure").isSubsetOf(provided);
            }
        } finally {
            delete(theirs);
            delete(ours);
        }
    }

    private static int run(ByteArrayOutputStream out, ByteArrayOutputStream err, Object... words) {
        Console console = new Console("qemu-img", out, err);
        List<String> list = Stream.of(words).map(Object::toString).toList();
        int exitCode = Main.run(console, Getopt.Order.PERMUTE, list);
        console.flush();
        return exitCode;
    }

    private static String masked(String text, Path outputs) {
        String masked = text.replace(outputs.toString(), "%")
                .replace(folder.resolve("in").toString(), "@");
        return MEASURED.matcher(masked).replaceAll("completed");
    }

    private static String text(ByteArrayOutputStream bytes) {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /**
     * Both made the same files, of the same format, guest size, features and content; and theirs finds no fault with
     * ours.
     */
    private static void compareOutputs(Path theirs, Path ours) throws IOException {
        assertThat(names(ours)).as("files that came out").isEqualTo(names(theirs));
        for (String name : names(theirs)) {
            QemuOracle.Result expected = oracle.imgIn(theirs, "info", "--output=json", name);
            QemuOracle.Result actual = oracle.imgIn(ours, "info", "--output=json", name);
            assertThat(masked(withoutHostFigures(actual), ours))
                    .as("their info on our " + name)
                    .isEqualTo(masked(withoutHostFigures(expected), theirs));
            if (expected.exitCode() == 0) {
                String size = "\n    \"virtual-size\": ";
                assertThat(actual.stdout()
                                .substring(actual.stdout().indexOf(size))
                                .split(",")[0])
                        .as("guest size of our " + name)
                        .isEqualTo(expected.stdout()
                                .substring(expected.stdout().indexOf(size))
                                .split(",")[0]);
                compareContent(theirs.resolve(name), ours.resolve(name));
            }
        }
    }

    private static void compareContent(Path theirs, Path ours) {
        boolean chainIsWhole = oracle.img("info", "--backing-chain", theirs).exitCode() == 0;
        if (chainIsWhole) {
            oracle.img("compare", theirs, ours).expectExit(0);
            // A leak that was there before is there still.
            assertThat(oracle.img("check", ours).exitCode())
                    .as("their check of " + ours)
                    .isIn(0, oracle.img("check", theirs).exitCode());
        }
    }

    private static String withoutHostFigures(QemuOracle.Result info) {
        return HOST_FIGURES.matcher(info.stdout()).replaceAll("").replaceAll("\\s+", " ");
    }

    private static List<String> names(Path outputs) throws IOException {
        try (Stream<Path> files = Files.list(outputs)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static void delete(Path outputs) throws IOException {
        for (String name : names(outputs)) {
            Files.delete(outputs.resolve(name));
        }
    }
}
