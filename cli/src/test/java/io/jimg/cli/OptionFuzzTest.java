package io.jimg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random command lines, run by the real qemu-img and by ours on the same small images: output, complaints, exit code
 * and the images that come out are compared. What differs is explained in {@code DIFFERENCES.md}, or is a failure that
 * names its seed.
 *
 * <p>{@code -Djimg.fuzz.seconds=3600} runs for an hour, {@code -Djimg.fuzz.seed=17 -Djimg.fuzz.seconds=0} one line.
 */
class OptionFuzzTest {
    private static final long SECONDS = Long.getLong("jimg.fuzz.seconds", "true".equals(System.getenv("CI")) ? 60 : 20);

    /** Where a run without properties begins, which is to say the same on every machine. */
    private static final long USUAL_SEED = 64_808;

    private static final long FIRST_SEED = Long.getLong("jimg.fuzz.seed", USUAL_SEED);

    /** Lines at most; a run that was asked to take so many seconds has as many as it can. */
    private static final long MOST_LINES =
            Long.getLong("jimg.fuzz.lines", System.getProperty("jimg.fuzz.seconds") == null ? 900 : Long.MAX_VALUE);

    /** Differences that are told before the test gives up. */
    private static final int MOST_DIFFERENCES = Integer.getInteger("jimg.fuzz.differences", 20);

    @TempDir(cleanup = CleanupMode.ALWAYS)
    static Path folder;

    /** What is new in a line, and what is known, by the title that explains it. */
    private final List<String> differences = new ArrayList<>();

    private final Map<String, Integer> explained = new TreeMap<>();

    @Test
    void randomCommandLinesHaveTheSameEffect() throws IOException {
        SideBySide sideBySide = SideBySide.in(folder);
        long end = System.nanoTime() + Duration.ofSeconds(SECONDS).toNanos();
        long seed = FIRST_SEED;
        do {
            tryLine(sideBySide, seed);
            seed++;
        } while (System.nanoTime() < end && seed - FIRST_SEED < MOST_LINES && differences.size() < MOST_DIFFERENCES);
        System.err.println("jimg: " + (seed - FIRST_SEED) + " random command lines, from seed " + FIRST_SEED + ", "
                + differences.size() + " differences; explained ones: " + explained);
        assertThat(differences).isEmpty();
    }

    @Test
    void everyKnownDifferenceIsExplained() throws IOException {
        String page = Files.readString(Path.of("..", "DIFFERENCES.md"));
        assertThat(KnownDifferences.ALL).allSatisfy(known -> assertThat(page).contains("| " + known.title() + " | "));
    }

    private void tryLine(SideBySide sideBySide, long seed) throws IOException {
        List<String> words = new CommandLines(seed).next();
        try {
            SideBySide.Pair pair = sideBySide.run(words);
            String difference = difference(sideBySide, pair);
            KnownDifferences.Known known = difference == null
                    ? null
                    : KnownDifferences.explaining(words, pair.theirs(), pair.ours(), difference);
            if (known != null) {
                explained.merge(known.title(), 1, Integer::sum);
            } else if (difference != null) {
                differences.add("seed " + seed + ": " + String.join(" ", words) + "\n" + difference);
            }
        } finally {
            sideBySide.clear();
        }
    }

    private static @Nullable String difference(SideBySide sideBySide, SideBySide.Pair pair) throws IOException {
        try {
            assertThat(optionsRefused(pair.ours().err()))
                    .as("standard error")
                    .isEqualTo(stockWords(pair.theirs().err()));
            assertThat(withoutProgress(pair.ours().out()))
                    .as("standard output")
                    .isEqualTo(withoutProgress(pair.theirs().out()));
            assertThat(pair.ours().exitCode())
                    .as("exit code")
                    .isEqualTo(pair.theirs().exitCode());
            if (pair.writes() && pair.ours().exitCode() == 0) {
                sideBySide.compareOutputs();
            } else if (pair.writes()) {
                // What a failed command was about to make is removed; qemu-img leaves it now and then, and removes what
                // was there before.
                List<String> permitted = new ArrayList<>(sideBySide.theirNames());
                permitted.addAll(pair.provided());
                assertThat(permitted).as("files left by a failure").containsAll(sideBySide.ourNames());
            }
            return null;
        } catch (AssertionError different) {
            return String.valueOf(different.getMessage());
        }
    }

    /** Sentences that the oracle's distribution has changed, as stock QEMU 10 has them. */
    private static String stockWords(String err) {
        return err.replaceAll(
                        "Expecting one image file name\n$",
                        "Expecting one image file name\nTry 'qemu-img --help' for more information\n")
                .replace("Extra argument(s) in command line", "Expecting image file name and size")
                .replaceAll(
                        "--output expects 'human' or 'json' not '.*'\nTry .*",
                        "--output must be used with human or json as argument.")
                .replaceAll(
                        "--repair \\(-r\\) expects 'leaks' or 'all' not '(.*)'\n",
                        "Unknown option value for -r (expecting 'leaks' or 'all'): $1\n")
                .replaceAll("Try '.* --help' for more info\n", "Try 'qemu-img --help' for more information\n")
                .replaceAll("\\S*/qemu-img \\w+: .*\n", "qemu-img: an option is wrong\n");
    }

    /** Ours, where the distribution has words that say less. */
    private static String optionsRefused(String err) {
        return err.replaceAll(
                        "qemu-img: (unrecognized option|missing argument for option) .*\n",
                        "qemu-img: an option is wrong\n")
                .replace("Extra argument(s) in command line", "Expecting image file name and size");
    }

    /** How often a bar is written depends on who is how fast. */
    private static String withoutProgress(String out) {
        return out.replaceAll(" {4}\\(\\d+\\.\\d+/100%\\)\r", "");
    }
}
