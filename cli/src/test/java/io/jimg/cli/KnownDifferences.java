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
     * @param difference what the comparison found, likewise: it begins with the name of what differs in brackets
     */
    record Known(String title, Pattern theirs, Pattern ours, Pattern line, Pattern difference) {
        private static final String ORDER = "The order of complaints";

        Known(String title, String theirs, String ours, String line) {
            this(title, theirs, ours, line, ANY);
        }

        Known(String title, String theirs, String ours, String line, String difference) {
            this(
                    title,
                    Pattern.compile(theirs),
                    Pattern.compile(ours),
                    Pattern.compile(line),
                    Pattern.compile(difference));
        }

        boolean explains(List<String> words, SideBySide.Run theirRun, SideBySide.Run ourRun, String found) {
            if (title.equals(ORDER) && (theirRun.exitCode() == 0 || theirRun.exitCode() != ourRun.exitCode())) {
                return false;
            }
            return theirs.matcher(theirRun.err() + theirRun.out()).find()
                    && ours.matcher(ourRun.err() + ourRun.out()).find()
                    && line.matcher(String.join(" ", words)).find()
                    && difference.matcher(found).find();
        }
    }

    private static final String ANY = "";

    /** Nothing but a bar. */
    private static final String SILENCE = "^(\\n| {4}\\(.*\\r)*$";

    private static final String ANOTHER_VALUE = "Parameter '[a-z._-]+' does not accept value '.*'";

    /** Two complaints, each of a parameter that the other does not name. */
    private static final String ANOTHER_PARAMETER =
            "(?s)Parameter '([a-z._-]+)' does not accept.*but was:" + ".*Parameter '(?!\\1')[a-z._-]+' does not accept";

    static final List<Known> ALL = List.of(
            new Known("Names of nodes", "#block\\d+", ANY, ANY),
            new Known("Keys before formats", "'key-secret' is required", "not in LUKS format", ANY),
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
                    "Unknown file format '?(file|null-co)|Unknown file format\n|does not support size measurement",
                    "-[fO] ?(file|null-co)"),
            new Known(
                    "Rebasing VMDK",
                    "Could not change the backing file to",
                    SILENCE + "|must be a vmdk image",
                    "^rebase .*vmdk"),
            new Known("Repairing VMDK", "does not support checks", "(?s)^((?!qemu-img: ).)*$", "^check (?=.*-r).*vmdk"),
            new Known("Warnings that are repeated", "(?s)WARNING: .*WARNING: ", "WARNING: ", "^snapshot "),
            new Known(
                    "Values that a later one replaces",
                    "is out of range|expects",
                    ANY,
                    "(-o ?|--options[ =]|,)([a-z_.]+)(=[^ ,]*)?([ ,].*,|,| -o ?| --options[ =])\\2\\b"),
            new Known("Resizing to the present size", "is inconsistent and cannot be used", ANY, "^resize .*\\+0"),
            new Known(
                    "Sizes that are no multiple of 512",
                    "Image size is not a multiple of request alignment",
                    ANY,
                    "three.raw|-t ?(none|off|directsync)"),
            new Known(
                    "Sizes near 2^63",
                    "New image size must be positive|exceeds maximum",
                    "out of range for parameter 'size'|must be a multiple of 512",
                    "^resize .*9223372036854775"),
            new Known(
                    "Rebasing onto a layer of the chain",
                    ANY,
                    ANY,
                    "^rebase (?=.*-F ?(raw|vmdk)).*%/(base|over)[.]qcow2.*%/(over|top)[.]qcow2"),
            new Known(
                    "Failed assertions",
                    "img_rebase: Assertion `!bdrv_is_allocated.*' failed",
                    SILENCE,
                    "^rebase (?=.* -[a-zA-Z]*c).*extended[.]qcow2"),
            new Known(
                    "Rebasing version 2",
                    SILENCE,
                    SILENCE,
                    "^rebase (?=.*-b)(?!.* -u).*%/v2[.]qcow2",
                    "Content mismatch at offset"),
            new Known("Snapshots of damaged images", "Marking image as corrupt", "unaligned", "^snapshot "),
            new Known(
                    "Snapshots of damaged images", SILENCE, "is 0 although it is in use", "^snapshot .*wrong[.]qcow2"),
            new Known(
                    "Direct writes behind the end",
                    SILENCE,
                    SILENCE,
                    "^(convert|dd) (?=.*-t ?(none|off|directsync)).*(three[.]raw|badmagic[.]qcow2)",
                    "^\\[guest size of our "),
            new Known(
                    "Zeroes over a backing file",
                    "Cannot use --target-is-zero",
                    "Cannot use --target-is-zero",
                    "--target-is-zero"),
            new Known(
                    "Where layouts differ",
                    "Offset \\d+ block status mismatch",
                    "Offset \\d+ block status mismatch",
                    "^compare .*-s"),
            new Known(
                    "Compressing into a larger image",
                    "error while writing at byte \\d+: Invalid argument",
                    SILENCE,
                    "^convert (?=.*-n).*-c"),
            new Known(
                    "Compressing into data files",
                    SILENCE,
                    "Compression not supported for this file format",
                    "^(rebase|convert) (?=.* -[a-zA-Z]*c).*%/data[.]qcow2",
                    "^\\[standard error]"),
            new Known(
                    "What a salvage tells",
                    "warning: error while reading block status",
                    "warning: error while reading block status",
                    "--salvage"),
            order("Cannot find device=", "force-share=on can only be used with read-only images"),
            // qemu-img leaves the line of a bar that it has not drawn.
            order("Expecting one image file name\n\n$", "Expecting one image file name"),
            order("Could not open", "aio=native was specified"),
            order("filesystem does not support O_DIRECT", "to be a regular file"),
            order("'backing-fmt' does not accept value", "'encrypt.format' is missing"),
            order("Invalid parameter", "is out of range|expects"),
            new Known(Known.ORDER, ANOTHER_VALUE, ANOTHER_VALUE, ANY, ANOTHER_PARAMETER),
            order("backing format must be specified", "Failed to get shared \"write\" lock"),
            order("error while reading image metadata", "backing format must be specified"),
            order("backing_file must be a vmdk image", "invalid parameter value"),
            order("invalid parameter value", "invalid parameter value"),
            order("Could not open new backing file", "Compression not supported for this file format"),
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

    /** The one that explains what two runs were found to differ in; null for none. */
    static @Nullable Known explaining(
            List<String> words, SideBySide.Run theirs, SideBySide.Run ours, String difference) {
        for (Known known : ALL) {
            if (known.explains(words, theirs, ours, difference)) {
                return known;
            }
        }
        return null;
    }
}
