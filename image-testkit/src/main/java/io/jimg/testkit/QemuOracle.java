package io.jimg.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The real qemu-img and its kin, which decide what is right. They come from the folder that the environment variable
 * {@code JIMG_QEMU} names, else from the search path.
 *
 * <p>A test begins with {@link #assumePresent()}: without the tools it is skipped, with a line on standard error, or
 * fails where the environment says {@code CI=true}. Safe for many threads.
 */
public final class QemuOracle {
    private static final Pattern VERSION = Pattern.compile("^qemu-img version (\\d+)\\.");

    private final Path folder;
    private final int majorVersion;

    private QemuOracle(Path folder) {
        this.folder = folder;
        Tool.Result version = run(null, "qemu-img", "--version").expectExit(0);
        Matcher matcher = VERSION.matcher(version.stdout());
        if (!matcher.find()) {
            throw new AssertionError("no version in: " + version.stdout());
        }
        this.majorVersion = Integer.parseInt(matcher.group(1));
    }

    private static final class Found {
        static final Optional<QemuOracle> ORACLE = search().map(QemuOracle::new);
    }

    /** The tools, if they are there. */
    public static Optional<QemuOracle> find() {
        return Found.ORACLE;
    }

    /** The tools; without them the calling test is skipped, or fails under {@code CI=true}. */
    public static QemuOracle assumePresent() {
        return find().orElseGet(() ->
                Tool.missing("no qemu-img and qemu-io (Debian's package is qemu-utils; JIMG_QEMU names their folder)"));
    }

    /**
     * The tools in at least that major version, as comparisons of text need them; otherwise as
     * {@link #assumePresent()}.
     */
    public static QemuOracle assumeVersion(int major) {
        QemuOracle oracle = assumePresent();
        return oracle.majorVersion >= major
                ? oracle
                : Tool.missing("qemu-img is of version " + oracle.majorVersion + ", older than " + major);
    }

    /** Where the tools lie. */
    public Path folder() {
        return folder;
    }

    /** The first number of the version. */
    public int majorVersion() {
        return majorVersion;
    }

    /** Runs qemu-img in the JVM's working directory. */
    public Tool.Result img(Object... arguments) {
        return run(null, "qemu-img", arguments);
    }

    /** Runs qemu-img in a folder. */
    public Tool.Result imgIn(Path workingDirectory, Object... arguments) {
        return run(workingDirectory, "qemu-img", arguments);
    }

    /**
     * Runs qemu-io in the JVM's working directory. qemu-io tells most failures of its commands in words alone; see
     * {@link #ioCommands}.
     */
    public Tool.Result io(Object... arguments) {
        return run(null, "qemu-io", arguments);
    }

    /**
     * Runs qemu-io's commands on an image, in order, and expects that they all succeed; patterns that are read are
     * compared with {@code read -P}.
     *
     * @param format the image's format
     */
    public void ioCommands(String format, Path image, String... commands) {
        List<Object> arguments = new ArrayList<>(List.of("-f", format));
        for (String command : commands) {
            arguments.add("-c");
            arguments.add(command);
        }
        arguments.add(image);
        Tool.Result result = io(arguments.toArray()).expectExit(0);
        assertThat(result.stdout() + result.stderr())
                .as("%s", result)
                .doesNotContainIgnoringCase("failed")
                .doesNotContainIgnoringCase("error");
    }

    /** Asserts that {@code qemu-img check} finds nothing at all. */
    public void checkClean(String format, Path image) {
        img("check", "-f", format, image).expectExit(0);
    }

    /** Asserts that the check finds at worst leaked clusters, and returns whether it found any. */
    public boolean checkNothingWorseThanLeaks(String format, Path image) {
        Tool.Result result = img("check", "-f", format, image);
        assertThat(result.exitCode()).as("%s", result).isIn(0, 3);
        return result.exitCode() == 3;
    }

    /**
     * Asserts that {@code qemu-img compare} finds two images identical in content; sizes may differ by zeroes, as it
     * allows.
     */
    public void compareEqual(String format, Path image, String otherFormat, Path other) {
        img("compare", "-f", format, "-F", otherFormat, image, other).expectExit(0);
    }

    /**
     * Runs one of the tools to its end, at most two minutes.
     *
     * @param workingDirectory null for the JVM's own
     * @param tool name of the program
     * @param arguments strings, paths, numbers: whatever prints as it should
     */
    public Tool.Result run(@Nullable Path workingDirectory, String tool, Object... arguments) {
        return new Tool(folder.resolve(tool)).runIn(workingDirectory, arguments);
    }

    private static Optional<Path> search() {
        String named = System.getenv("JIMG_QEMU");
        if (named != null && !named.isEmpty()) {
            Path folder = Path.of(named);
            if (!holdsTools(folder)) {
                throw new AssertionError("JIMG_QEMU names a folder without qemu-img and qemu-io: " + folder);
            }
            return Optional.of(folder);
        }
        String path = System.getenv("PATH");
        return Stream.of((path == null ? "" : path).split(File.pathSeparator))
                .filter(entry -> !entry.isEmpty())
                .map(Path::of)
                .filter(QemuOracle::holdsTools)
                .findFirst();
    }

    private static boolean holdsTools(Path folder) {
        return Files.isExecutable(folder.resolve("qemu-img")) && Files.isExecutable(folder.resolve("qemu-io"));
    }
}
