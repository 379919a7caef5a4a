package io.jimg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.process.Console;
import io.jimg.host.file.HostFile;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Tool;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * Runs command lines by the real qemu-img and by ours, on the same files. In their words {@code @} is the folder of
 * fixtures and {@code %} a fresh folder; a fixture named after {@code %} is copied there first.
 */
final class SideBySide {
    /**
     * What differs for reasons of the file system, of the layout or of chance, and is no part of the comparison of two
     * outputs.
     */
    private static final Pattern HOST_FIGURES =
            Pattern.compile("\"(actual-size|virtual-size|date-n?sec|cid|parent-cid)\": \\d+,?");

    /** The time that {@code bench} has measured. */
    private static final Pattern MEASURED = Pattern.compile("completed in \\d+\\.\\d{3} seconds");

    private final QemuOracle oracle;
    private final Path folder;
    private final Path inputs;
    private final Fixtures fixtures;

    private SideBySide(QemuOracle oracle, Path folder) throws IOException {
        this.oracle = oracle;
        this.folder = folder;
        this.inputs = Files.createDirectory(folder.resolve("in"));
        this.fixtures = Fixtures.make(oracle, inputs);
    }

    /**
     * With fixtures below {@code folder}; where the real tools or the host's calls are missing, the test is skipped.
     */
    static SideBySide in(Path folder) throws IOException {
        QemuOracle oracle = QemuOracle.assumeVersion(10);
        assumeHostCalls();
        return new SideBySide(oracle, folder);
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
     * What one program has done.
     *
     * @param exitCode its exit code
     * @param out what it printed, with {@code @} and {@code %} in place of folders
     * @param err what it complained, likewise
     */
    record Run(int exitCode, String out, String err) {}

    /**
     * Both programs' runs of one command line, and where their images lie until the next one.
     *
     * @param writes whether the command may write, so that each program has a folder of its own
     * @param provided the files that were there before
     */
    record Pair(Run theirs, Run ours, boolean writes, List<String> provided) {}

    /** Runs one command line by both; to be followed by {@link #clear()}. */
    Pair run(List<String> words) throws IOException {
        Path theirs = Files.createDirectories(peerFolder());
        Path ours = Files.createDirectories(ourFolder());
        fixtures.provide(String.join(" ", words), theirs, ours);
        List<String> provided = names(ours);
        Tool.Result expected = oracle.img(wordsIn(words, theirs));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exitCode = run(out, err, wordsIn(words, ours));
        boolean writes = words.stream().anyMatch(word -> word.contains("%"));
        return new Pair(
                new Run(expected.exitCode(), masked(expected.stdout(), theirs), masked(expected.stderr(), theirs)),
                new Run(exitCode, masked(text(out), ours), masked(text(err), ours)),
                writes,
                provided);
    }

    /** Deletes what came out of the last command line. */
    void clear() throws IOException {
        delete(peerFolder());
        delete(ourFolder());
    }

    /** The names of the files in the real program's folder. */
    List<String> theirNames() throws IOException {
        return names(peerFolder());
    }

    /** The names of the files in our folder. */
    List<String> ourNames() throws IOException {
        return names(ourFolder());
    }

    private Path peerFolder() {
        return folder.resolve("work/peer");
    }

    private Path ourFolder() {
        return folder.resolve("work/ours");
    }

    private Object[] wordsIn(List<String> words, Path outputs) {
        return words.stream()
                .map(word -> word.replace("@", inputs.toString()).replace("%", outputs.toString()))
                .toArray();
    }

    private static int run(ByteArrayOutputStream out, ByteArrayOutputStream err, Object... words) {
        Console console = new Console("qemu-img", out, err);
        List<String> list = Stream.of(words).map(Object::toString).toList();
        int exitCode = Main.run(console, Getopt.Order.PERMUTE, list);
        console.flush();
        return exitCode;
    }

    private String masked(String text, Path outputs) {
        String masked = text.replace(outputs.toString(), "%").replace(inputs.toString(), "@");
        return MEASURED.matcher(masked).replaceAll("completed");
    }

    private static String text(ByteArrayOutputStream bytes) {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /**
     * Asserts that both made the same files, of the same format, guest size, features and content; and that theirs
     * finds no fault with ours.
     */
    void compareOutputs() throws IOException {
        assertThat(ourNames()).as("files that came out").isEqualTo(theirNames());
        for (String name : theirNames()) {
            Tool.Result expected = oracle.imgIn(peerFolder(), "info", "--output=json", name);
            Tool.Result actual = oracle.imgIn(ourFolder(), "info", "--output=json", name);
            assertThat(masked(withoutHostFigures(actual), ourFolder()))
                    .as("their info on our " + name)
                    .isEqualTo(masked(withoutHostFigures(expected), peerFolder()));
            if (expected.exitCode() == 0) {
                assertThat(guestSize(actual)).as("guest size of our " + name).isEqualTo(guestSize(expected));
                compareContent(peerFolder().resolve(name), ourFolder().resolve(name));
            }
        }
    }

    private static String guestSize(Tool.Result info) {
        String text = info.stdout();
        return text.substring(text.indexOf("\n    \"virtual-size\": ")).split(",")[0];
    }

    private void compareContent(Path theirs, Path ours) {
        boolean chainIsWhole = oracle.img("info", "--backing-chain", theirs).exitCode() == 0;
        if (chainIsWhole) {
            Tool.Result compared = oracle.img("compare", theirs, ours);
            if (compared.exitCode() <= 1
                    || oracle.img("compare", theirs, theirs).exitCode() == 0) {
                compared.expectExit(0);
            }
            // A leak that was there before is there still.
            assertThat(oracle.img("check", ours).exitCode())
                    .as("their check of " + ours)
                    .isIn(0, oracle.img("check", theirs).exitCode());
        }
    }

    private static String withoutHostFigures(Tool.Result info) {
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
