package io.jimg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.cli.commands.Command;
import io.jimg.cli.commands.Commands;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.help.CompletionCommand;
import io.jimg.cli.process.Console;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class HelpTest {

    static Stream<String> commands() {
        return Stream.concat(Commands.NAMES.stream(), Stream.of(CompletionCommand.NAME));
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
