package io.jimg.cli;

import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Differences from qemu-img that are meant, or in which of several complaints comes first. Each stands in
 * {@code DIFFERENCES.md} under its title.
 */
final class KnownDifferences {

    /**
     * A difference.
     *
     * @param title what the page calls it
     * @param theirs what the real program says, complaints and results; searched for
     * @param ours what ours says, likewise
     * @param line the command line, likewise
     */
    record Known(String title, Pattern theirs, Pattern ours, Pattern line) {
        private static final String ORDER = "The order of complaints";

        Known(String title, String theirs, String ours, String line) {
            this(title, Pattern.compile(theirs), Pattern.compile(ours), Pattern.compile(line));
        }

        boolean explains(List<String> words, SideBySide.Run theirRun, SideBySide.Run ourRun) {
            if (title.equals(ORDER) && (theirRun.exitCode() == 0 || theirRun.exitCode() != ourRun.exitCode())) {
                return false;
            }
            return theirs.matcher(theirRun.err() + theirRun.out()).find()
                    && ours.matcher(ourRun.err() + ourRun.out()).find()
                    && line.matcher(String.join(" ", words)).find();
        }
    }

    private static final String ANY = "";

    static final List<Known> ALL = List.of(
            new Known("Names of nodes", "#block\\d+", ANY, ANY),
            new Known("Keys before formats", "'key-secret' is required", "not in LUKS format", ANY),
            new Known("Encryption that is not there", "encryption not present", "does not accept value", "^amend"),
            new Known(
                    "Encryption without a format",
                    "'encrypt.format' is missing",
                    "does not accept value|expects",
                    "encrypt\\."),
            new Known(
                    "Backing formats without a backing file",
                    "'backing-fmt' does not accept value",
                    "Backing format cannot be used without backing file",
                    ANY),
            new Known("Empty VMDK images", "Unsupported image type 'monolithicSparse'", ANY, "-O ?vmdk"),
            new Known("Resizing VMDK", "Image format driver does not support resize", ANY, "^resize .*vmdk"),
            new Known(
                    "Files that are no VMDK", "invalid VMDK image descriptor|File is too small", "descriptor", "vmdk"),
            new Known("Writing to streamOptimized", "streamOptimized", "Operation not permitted", "streamOptimized"),
            new Known(
                    "Protocols as formats",
                    ANY,
                    "Unknown file format '?(file|null-co)|Unknown file format\n",
                    "-[fO] ?(file|null-co)"),
            new Known("Rebasing VMDK", "Could not change the backing file to", "^\\n?$", "^rebase .*vmdk"),
            new Known("Warnings that are repeated", "(?s)WARNING: .*WARNING: ", "WARNING: ", "^snapshot "),
            new Known("Values that a later one replaces", "is out of range|expects", ANY, "=.*,.*="),
            new Known("Resizing to the present size", "is inconsistent and cannot be used", ANY, "^resize .*\\+0"),
            new Known(
                    "Sizes that are no multiple of 512",
                    "Image size is not a multiple of request alignment",
                    ANY,
                    "three.raw"),
            new Known(
                    "Sizes near 2^63",
                    "New image size must be positive|exceeds maximum",
                    "out of range for parameter 'size'|must be a multiple of 512",
                    "^resize .*9223372036854775"),
            new Known(
                    "Rebasing onto a layer of the chain",
                    ANY,
                    ANY,
                    "^rebase .*-F ?(raw|vmdk).*%/(base|over)[.]qcow2.*%/(over|top)[.]qcow2"),
            order("Cannot find device=", "force-share=on can only be used with read-only images"),
            // qemu-img leaves the line of a bar that it has not drawn.
            order("Expecting one image file name\n\n$", "Expecting one image file name"),
            order("Could not open", "aio=native was specified"),
            order("data-file can only be set", ANY),
            order("Could not open", "is out of range for parameter 'size'"),
            order("Could not change the backing file to", "Compression not supported for this file format"),
            order("Can't find snapshot", "No support for concatenating multiple snapshot"),
            order("Backing file not supported for file format", "makes no sense when concatenating"),
            order("Invalid cache option", "does not support bitmaps"));

    private KnownDifferences() {}

    /** Both refuse the line, each for another of its mistakes. */
    private static Known order(String theirs, String ours) {
        return new Known(Known.ORDER, theirs, ours, ANY);
    }

    /** The one that explains what two runs differ in; null for none. */
    static @Nullable Known explaining(List<String> words, SideBySide.Run theirs, SideBySide.Run ours) {
        for (Known known : ALL) {
            if (known.explains(words, theirs, ours)) {
                return known;
            }
        }
        return null;
    }
}
