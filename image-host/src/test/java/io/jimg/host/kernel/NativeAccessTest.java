package io.jimg.host.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jimg.host.deflate.DeflateLibrary;
import io.jimg.host.file.HostFile;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Whoever has us among his libraries sees no warning of the JVM's, unless he asked for the host's calls without
 * permitting them.
 */
class NativeAccessTest {
    @ParameterizedTest
    @CsvSource({
        "'', false, false",
        "--enable-native-access=ALL-UNNAMED, true, false",
        "--enable-native-access=ALL-UNNAMED -Djimg.native=off, false, false",
        "-Djimg.native=on, true, true",
        "--illegal-native-access=deny, false, false",
        "--illegal-native-access=deny -Djimg.native=on, false, false",
    })
    void callsTheHostWhereItMay(String flags, boolean expected, boolean warned) throws IOException {
        assumeTrue(HostFile.isAvailable(), "the host's calls can't be made here");
        assumeTrue(Runtime.version().feature() >= 24, "older JVMs have other rules");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                Stream.of(flags.split(" ")).filter(flag -> !flag.isEmpty()).toList());
        command.addAll(List.of("-cp", classPath(), Question.class.getName()));
        Process jvm = new ProcessBuilder(command).start();
        String answer = new String(jvm.getInputStream().readAllBytes());
        String complaints = new String(jvm.getErrorStream().readAllBytes());
        assertThat(answer.strip()).as(complaints).isEqualTo(Boolean.toString(expected));
        assertThat(!complaints.isEmpty()).as(complaints).isEqualTo(warned);
    }

    private static String classPath() {
        return Stream.of(HostFile.class, Question.class)
                .map(type ->
                        type.getProtectionDomain().getCodeSource().getLocation().getPath())
                .reduce((one, other) -> one + File.pathSeparator + other)
                .orElseThrow();
    }

    /** Runs in a JVM of its own. */
    static final class Question {
        public static void main(String[] arguments) {
            DeflateLibrary.fastest().newInflater().close();
            System.out.println(HostFile.isAvailable());
        }
    }
}
