package io.jimg.cli.io;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.process.Console;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Tool;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs every command line of {@code io.txt} by the real qemu-io and by ours, each on images of its own, and compares
 * exit codes, output and complaints, figures of time left out, and the images that come out.
 */
class QemuIoComparisonTest {
    private static final List<String> IMAGES = List.of("image.qcow2", "base.qcow2", "over.qcow2", "image.raw");
    private static final Pattern FIGURES = Pattern.compile("(?m) ops; .*$|^(\\d+,1),.*$");

    @TempDir(cleanup = CleanupMode.ALWAYS)
    static Path folder;

    private static QemuOracle oracle;

    @BeforeAll
    static void makeImages() throws IOException {
        oracle = QemuOracle.assumeVersion(10);
        Path in = Files.createDirectory(folder.resolve("in"));
        Files.createDirectory(folder.resolve("peer"));
        Files.createDirectory(folder.resolve("ours"));
        oracle.imgIn(in, "create", "-q", "-f", "qcow2", "image.qcow2", "4M").expectExit(0);
        oracle.ioCommands("qcow2", in.resolve("image.qcow2"), "write -P 5 64k 100k", "write -z 1M 128k");
        oracle.imgIn(in, "create", "-q", "-f", "qcow2", "base.qcow2", "4M").expectExit(0);
        oracle.ioCommands("qcow2", in.resolve("base.qcow2"), "write -P 6 0 1M");
        oracle.imgIn(in, "create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", "over.qcow2")
                .expectExit(0);
        oracle.imgIn(in, "create", "-q", "-f", "raw", "image.raw", "1M").expectExit(0);
        oracle.imgIn(
                        in,
                        "create",
                        "-q",
                        "-f",
                        "luks",
                        "--object",
                        "secret,id=key0,data=123456",
                        "-o",
                        "key-secret=key0,iter-time=10",
                        "volume.luks",
                        "1M")
                .expectExit(0);
        Files.writeString(in.resolve("pattern"), "pattern");
        Files.createFile(in.resolve("empty"));
        Files.writeString(
                in.resolve("rules"), "# once\n[inject-error]\nevent = \"write_aio\"\nerrno = \"28\"\nonce = \"on\"\n");
        Files.writeString(in.resolve("no-section"), "event = \"write_aio\"\n");
        Files.writeString(in.resolve("wrong-section"), "[wrong]\nevent = \"write_aio\"\n");
        Files.writeString(in.resolve("wrong-attribute"), "[inject-error]\nwrong = \"write_aio\"\n");
        Files.writeString(in.resolve("no-event"), "[inject-error]\nerrno = \"5\"\n");
    }

    /**
     * One line of the table.
     *
     * @param words the command line; {@code %} stands for the folder of images
     * @param input what is typed
     */
    record Line(List<String> words, String input) {
        @Override
        public String toString() {
            return String.join(" | ", words) + (input.isEmpty() ? "" : " < " + input.replace("\n", "; "));
        }
    }

    static Stream<Line> lines() throws IOException {
        List<Line> lines = new ArrayList<>();
        try (BufferedReader table = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(QemuIoComparisonTest.class.getResourceAsStream("io.txt")),
                StandardCharsets.UTF_8))) {
            String line;
            while ((line = table.readLine()) != null) {
                if (line.startsWith("< ")) {
                    Line last = lines.remove(lines.size() - 1);
                    lines.add(new Line(last.words, last.input + line.substring(2) + "\n"));
                } else if (!line.isBlank() && !line.startsWith("#")) {
                    lines.add(new Line(split(line), ""));
                }
            }
        }
        return lines.stream();
    }

    /** Words between blanks; what stands in braces is the argument of an option {@code -c}. */
    private static List<String> split(String line) {
        List<String> words = new ArrayList<>();
        for (int at = 0; at < line.length(); at++) {
            if (line.charAt(at) == '{') {
                int end = line.indexOf('}', at);
                words.add("-c");
                words.add(line.substring(at + 1, end));
                at = end;
            } else if (line.charAt(at) != ' ') {
                int end = line.indexOf(' ', at);
                end = end < 0 ? line.length() : end;
                words.add(line.substring(at, end));
                at = end;
            }
        }
        return words;
    }

    @ParameterizedTest
    @MethodSource("lines")
    void answersAsQemuIoDoes(Line line) throws Exception {
        Path theirs = folder.resolve("peer");
        Path ours = folder.resolve("ours");
        provide(theirs);
        provide(ours);

        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console("qemu-io", out, err);
        int exitCode = QemuIo.run(
                console,
                new ByteArrayInputStream(line.input.getBytes(StandardCharsets.UTF_8)),
                Getopt.Order.PERMUTE,
                words(line, ours));
        console.flush();
        Tool.Result expected = peer(line, theirs);

        assertThat(masked(out.toString(StandardCharsets.UTF_8), ours))
                .as("standard output")
                .isEqualTo(masked(expected.stdout(), theirs));
        assertThat(masked(err.toString(StandardCharsets.UTF_8), ours))
                .as("standard error")
                .isEqualTo(masked(expected.stderr(), theirs));
        assertThat(exitCode).as("exit code").isEqualTo(expected.exitCode());
        for (String image : IMAGES) {
            oracle.img("compare", theirs.resolve(image), ours.resolve(image)).expectExit(0);
            assertThat(oracle.img("check", ours.resolve(image)).exitCode()).isIn(0, 63);
        }
    }

    private static void provide(Path to) throws IOException {
        try (Stream<Path> files = Files.list(to)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        try (Stream<Path> files = Files.list(folder.resolve("in"))) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    private static List<String> words(Line line, Path at) {
        return line.words.stream().map(word -> word.replace("%", at.toString())).toList();
    }

    private static Tool.Result peer(Line line, Path at) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(oracle.folder().resolve("qemu-io").toString());
        command.addAll(words(line, at));
        Path input = Files.writeString(folder.resolve("input"), line.input);
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        Process process = new ProcessBuilder(command)
                .redirectInput(input.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).as("the peer ends").isTrue();
        return new Tool.Result(command, process.exitValue(), Files.readString(out), Files.readString(err));
    }

    private static String masked(String text, Path at) {
        return FIGURES.matcher(text.replace(at.toString(), "%").replace(oracle.folder() + "/qemu-io", "qemu-io"))
                .replaceAll("$1");
    }
}
