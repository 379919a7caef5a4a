package io.jimg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.cli.commands.Command;
import io.jimg.cli.commands.Commands;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.help.CompletionCommand;
import io.jimg.cli.process.Console;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class HelpTest {

    static Stream<String> commands() {
        return Stream.concat(Commands.names(true).stream(), Stream.of(CompletionCommand.NAME));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyCommandTellsAllItsOptions(String name) {
        Command command = name.equals(CompletionCommand.NAME)
                ? new CompletionCommand()
                : Objects.requireNonNull(Commands.find(name));
        String help = run("jimg", name, "--help");
        assertThat(help)
                .startsWith("Usage: jimg " + name)
                .contains(command.summary())
                .contains(command.operands());
        for (OptionSpec option : command.options()) {
            if (option.letter() != 0) {
                assertThat(help).contains("-" + option.letter());
            }
            if (option.longName() != null) {
                assertThat(help).contains("--" + option.longName());
            }
        }
    }

    @Test
    void programTellsItsCommandsAndFormats() {
        assertThat(run("jimg", "--help")).contains(commands().toList()).containsPattern("Formats: .*qcow2.*raw");
    }

    @Test
    void helpOfQemuImgIsOnePageWithItsFormatsInALine() {
        String page = run("qemu-img", "--help");
        assertThat(page)
                .startsWith("qemu-img version ")
                .contains("usage: qemu-img ")
                .contains("\n  map [-f fmt] [-s offset] [-l len] [--output=human|json] ")
                .containsPattern("\nSupported formats: .*qcow2.*raw.*\n$");
        assertThat(run("qemu-img", "convert", "-h")).isEqualTo(page);
    }

    @Test
    void versionBeginsAsProgramsLookForIt() {
        assertThat(run("qemu-img", "-V")).matches("qemu-img version \\d+\\.\\d+\\.\\d+ \\(jimg .+\\)\n");
        assertThat(run("jimg", "--version")).matches("jimg version .+\n");
    }

    @Test
    void completionIsAShellScriptForTheProgramsName() {
        assertThat(run("jimg", "completion"))
                .contains("complete -F _complete_jimg")
                .contains("--backing-chain");
    }

    @Test
    void everyCommandHasAnExample() {
        for (String name : commands().toList()) {
            assertThat(run("jimg", name, "--help")).contains("Example:\n  jimg " + name);
        }
    }

    @Test
    void coloursAreForTerminalsAlone() {
        assertThat(run("jimg", "info", "--help")).doesNotContain("\u001b");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Console console = new Console("jimg", out, OutputStream.nullOutputStream(), true);
        assertThat(Main.run(console, Getopt.Order.PERMUTE, List.of("info", "--help")))
                .isZero();
        console.flush();
        assertThat(out.toString(StandardCharsets.UTF_8).contains("\u001b"))
                .isEqualTo(System.getenv("NO_COLOR") == null);
    }

    @Test
    void wordsThatAreAlmostRightAreProposed() {
        assertThat(complaint("jimg", "inof")).contains("Did you mean 'info'?");
        assertThat(complaint("jimg", "frobnicate")).doesNotContain("Did you mean");
        assertThat(complaint("jimg", "info", "--backing-chian", "x")).contains("Did you mean '--backing-chain'?");
        assertThat(complaint("qemu-img", "inof")).doesNotContain("Did you mean");
    }

    @Test
    void everyCommandHasJson() {
        assertThat(text("jimg", "info", "--json", "/nowhere")).isEmpty();
        assertThat(text("jimg", "resize", "--json", "/nowhere", "1M"))
                .contains("\"command\": \"resize\"")
                .contains("\"exit-code\": 1")
                .contains("No such file or directory");
        assertThat(complaint("qemu-img", "info", "--json", "/nowhere")).contains("unrecognized option '--json'");
    }

    /** Completion as a user of bash has it: the words typed so far go in, proposals come out. */
    @ParameterizedTest
    @CsvSource({"'jimg inf', info", "'jimg convert -O qc', qcow2", "'jimg info --backing', --backing-chain"})
    void bashCompletes(String typed, String proposed) throws IOException, InterruptedException {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "bash");
        Path script = Files.createTempFile("completion", ".bash");
        try {
            Files.writeString(script, run("jimg", "completion"));
            String[] words = typed.split(" ");
            String arrays =
                    "COMP_WORDS=(" + typed + "); COMP_CWORD=" + (words.length - 1) + "; COMP_LINE='" + typed + "'";
            Process bash = new ProcessBuilder(
                            "/bin/bash",
                            "-c",
                            "source " + script + "; " + arrays + "; _complete_jimg; printf '%s\\n' \"${COMPREPLY[@]}\"")
                    .redirectErrorStream(true)
                    .start();
            String proposals = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(bash.waitFor()).isZero();
            assertThat(proposals.lines()).contains(proposed);
        } finally {
            Files.delete(script);
        }
    }

    private static String complaint(String program, String... words) {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console(program, OutputStream.nullOutputStream(), err);
        assertThat(Main.run(console, Getopt.Order.PERMUTE, List.of(words))).isNotZero();
        return err.toString(StandardCharsets.UTF_8);
    }

    private static String text(String program, String... words) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Console console = new Console(program, out, OutputStream.nullOutputStream());
        assertThat(Main.run(console, Getopt.Order.PERMUTE, List.of(words))).isNotZero();
        console.flush();
        return out.toString(StandardCharsets.UTF_8);
    }

    private static String run(String program, String... words) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console(program, out, err);
        int exitCode = Main.run(console, Getopt.Order.PERMUTE, List.of(words));
        console.flush();
        assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
        assertThat(exitCode).isZero();
        return out.toString(StandardCharsets.UTF_8);
    }
}
