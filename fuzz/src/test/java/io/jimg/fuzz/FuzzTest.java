package io.jimg.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The fuzz targets: with the inputs that are kept in every run, and by Jazzer, for half a minute each, where {@code CI}
 * is true. {@code -Djimg.fuzz.seconds=N} has Jazzer run for N seconds each; {@code -Djimg.fuzz.seed=N} starts
 * elsewhere.
 */
@Execution(ExecutionMode.CONCURRENT)
class FuzzTest {
    private static final int SECONDS =
            Integer.getInteger("jimg.fuzz.seconds", "true".equals(System.getenv("CI")) ? 30 : 0);
    private static final Pattern EXECUTIONS = Pattern.compile("stat::number_of_executed_units: *(\\d+)");

    static Stream<Class<?>> targets() {
        return Stream.of(
                Qcow2ChangesTarget.class,
                Qcow2Target.class,
                VmdkTarget.class,
                LuksTarget.class,
                ProbeTarget.class,
                NamesTarget.class);
    }

    @ParameterizedTest
    @MethodSource("targets")
    void whatWasFoundStaysMended(Class<?> target) throws Throwable {
        List<byte[]> corpus = Corpus.of(target);
        assertThat(corpus).isNotEmpty();
        for (byte[] input : corpus) {
            try {
                target.getMethod("fuzzerTestOneInput", byte[].class).invoke(null, (Object) input);
            } catch (InvocationTargetException finding) {
                throw new AssertionError(
                        "of the input " + Base64.getEncoder().encodeToString(input), finding.getCause());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("targets")
    void jazzerFindsNothing(Class<?> target) throws Exception {
        assumeTrue(SECONDS > 0, "no fuzzing but in CI: -Djimg.fuzz.seconds=N asks for it");
        Path folder = Path.of("target", "fuzz", target.getSimpleName()).toAbsolutePath();
        Files.createDirectories(folder.resolve("corpus"));
        Corpus.copyTo(target, folder.resolve("seeds"));
        Path log = folder.resolve("log");
        Process jazzer = new ProcessBuilder(command(target))
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            assertThat(jazzer.waitFor(SECONDS + 300L, TimeUnit.SECONDS))
                    .as("ends in time")
                    .isTrue();
        } finally {
            jazzer.destroyForcibly();
        }
        String said = Files.readString(log, StandardCharsets.ISO_8859_1);
        assertThat(jazzer.exitValue()).as("%s", finding(said)).isZero();
        Matcher executions = EXECUTIONS.matcher(said);
        assertThat(executions.find()).as("%s", log).isTrue();
        System.out.println(target.getSimpleName() + ": " + executions.group(1) + " executions in " + SECONDS + " s");
        assertThat(Long.parseLong(executions.group(1)))
                .isGreaterThan(Corpus.of(target).size());
    }

    private static List<String> command(Class<?> target) throws IOException {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx700m",
                "-XX:+UseSerialGC",
                "-XX:-OmitStackTraceInFastThrow",
                "-XX:+EnableDynamicAgentLoading",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "com.code_intelligence.jazzer.Jazzer",
                "--target_class=" + target.getName(),
                "--instrumentation_includes=io.jimg.**",
                "--custom_hook_includes=io.jimg.**",
                "--reproducer_path=.",
                "corpus",
                "seeds",
                "-artifact_prefix=./",
                "-max_total_time=" + SECONDS,
                "-timeout=60",
                "-rss_limit_mb=3000",
                "-max_len=" + Corpus.LONGEST,
                "-len_control=1",
                "-print_final_stats=1",
                "-seed=" + Integer.getInteger("jimg.fuzz.seed", 1));
    }

    /** What Jazzer tells of a finding: the exception and the input. */
    private static String finding(String said) {
        int exception = said.lastIndexOf("== Java Exception");
        return said.substring(exception >= 0 ? exception : Math.max(0, said.length() - 4000));
    }
}
