package io.jimg.vmdk.inspect;

import io.jimg.validate.Inspection;
import io.jimg.validate.Names;
import io.jimg.validate.Place;
import io.jimg.validate.Rule;
import io.jimg.vmdk.descriptor.DescriptorText;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Looks at a descriptor's lines ("Virtual Disk Format 1.1", The Descriptor File). Each must be one that is known: a
 * comment, a key with a value, or an extent.
 */
final class DescriptorInspection {
    private static final Set<String> SELF_CONTAINED = Set.of("monolithicsparse", "streamoptimized");
    private static final Set<String> ACCESS = Set.of("rw", "rdonly", "noaccess");
    private static final Pattern OF_NO_SECTOR = Pattern.compile("\\S+\\s+0\\s");
    private static final String NO_PARENT = "ffffffff";
    private static final int MOST_LINES = 1 << 16;

    private final Inspection inspection;
    private final long hostOffset;
    private final boolean embedded;
    private final boolean ownExtent;
    private final Set<String> keys = new HashSet<>();
    private int extents;
    private @Nullable String createType;

    /**
     * For one descriptor.
     *
     * @param hostOffset where it begins
     * @param embedded whether it lies in a sparse extent
     * @param ownExtent whether it lies in the one extent that it describes, whose name then opens nothing
     */
    DescriptorInspection(Inspection inspection, long hostOffset, boolean embedded, boolean ownExtent) {
        this.inspection = inspection;
        this.hostOffset = hostOffset;
        this.embedded = embedded;
        this.ownExtent = ownExtent;
    }

    void inspect(byte[] bytes) {
        hiddenText(bytes);
        int most = lineEnds(bytes);
        if (most > MOST_LINES) {
            inspection.found(Rule.DESCRIPTOR, Place.host(hostOffset), "The descriptor has " + most + " lines");
            return;
        }
        List<String> lines = DescriptorText.of(bytes).lines();
        for (int i = 0; i < lines.size(); i++) {
            line(lines.get(i).strip(), new Place(Place.Kind.LINE, i));
        }
        if (createType == null) {
            inspection.found(Rule.DESCRIPTOR, Place.host(hostOffset), "The descriptor does not say its createType");
        } else if (!SELF_CONTAINED.contains(createType.toLowerCase(Locale.ROOT))) {
            inspection.found(
                    Rule.SUBFORMAT,
                    Place.host(hostOffset),
                    "The disk is of the type " + Inspection.quoted(createType)
                            + ", not monolithicSparse or streamOptimized");
        }
        if (extents == 0) {
            inspection.found(Rule.DESCRIPTOR, Place.host(hostOffset), "The descriptor names no extent");
        } else if (ownExtent && extents > 1) {
            inspection.found(
                    Rule.EXTERNAL_EXTENT,
                    Place.host(hostOffset),
                    "The descriptor names " + extents + " extents, though it is embedded in the only one");
        }
    }

    /** Line ends are counted before lines are made of them. */
    private static int lineEnds(byte[] bytes) {
        int count = 0;
        for (int i = 0; i < bytes.length && bytes[i] != 0; i++) {
            count += bytes[i] == '\n' ? 1 : 0;
        }
        return count;
    }

    /** Some programs end the text at the first zero byte, others do not. */
    private void hiddenText(byte[] bytes) {
        int end = 0;
        while (end < bytes.length && bytes[end] != 0) {
            end++;
        }
        for (int i = end; i < bytes.length; i++) {
            if (bytes[i] != 0) {
                inspection.found(
                        Rule.DESCRIPTOR, Place.host(hostOffset + i), "There is more behind the end of the descriptor");
                return;
            }
        }
    }

    private void line(String line, Place place) {
        if (line.isEmpty() || line.startsWith("#")) {
            return;
        }
        String first = line.split("\\s", 2)[0].toLowerCase(Locale.ROOT);
        if (ACCESS.contains(first)) {
            extent(line);
            return;
        }
        int equals = line.indexOf('=');
        String key = equals < 0 ? "" : line.substring(0, equals).strip().toLowerCase(Locale.ROOT);
        if (key.isEmpty() || key.chars().anyMatch(c -> c <= ' ' || c > '~')) {
            inspection.found(
                    Rule.DESCRIPTOR, place, "The descriptor's line " + Inspection.quoted(line) + " is no known one");
            return;
        }
        if (!keys.add(key)) {
            inspection.found(
                    Rule.DESCRIPTOR, place, "The key " + Inspection.quoted(key) + " stands in the descriptor twice");
        }
        value(key, unquoted(line.substring(equals + 1).strip()), place);
    }

    private void value(String key, String value, Place place) {
        switch (key) {
            case "createtype" -> createType = createType == null ? value : createType;
            case "parentfilenamehint" -> {
                inspection.found(
                        Rule.BACKING_FILE, place, "The descriptor names the parent " + Inspection.quoted(value));
                reference("The parent's name", value, place);
            }
            case "parentcid" -> {
                if (!value.equalsIgnoreCase(NO_PARENT)) {
                    inspection.found(
                            Rule.BACKING_FILE,
                            place,
                            "The descriptor says that there is a parent: " + Inspection.quoted(value));
                }
            }
            case "changetrackpath" -> reference("The change tracking file's name", value, place);
            default -> {
                // A key that says nothing about other files.
            }
        }
    }

    private void extent(String line) {
        Place place = new Place(Place.Kind.EXTENT, extents++);
        int quote = line.indexOf('"');
        int end = line.lastIndexOf('"');
        if (quote < 0 || end <= quote) {
            return;
        }
        String name = line.substring(quote + 1, end);
        boolean own = ownExtent || (embedded && OF_NO_SECTOR.matcher(line).lookingAt());
        if (!own) {
            inspection.found(Rule.EXTERNAL_EXTENT, place, "The extent lies in the file " + Inspection.quoted(name));
        }
        if (own && name.indexOf('/') >= 0) {
            inspection.found(
                    Rule.EXTERNAL_EXTENT, place, "The extent's name " + Inspection.quoted(name) + " holds a slash");
        }
        // A name that opens nothing may have a colon in it, which begins no protocol then.
        boolean colon = own
                && name.indexOf('/') < 0
                && !name.startsWith("json:")
                && Names.danger(name.replace(':', '_')) == null;
        if (!colon) {
            reference("The extent's name", name, place);
        }
    }

    private void reference(String what, String name, Place place) {
        String danger = Names.danger(name);
        if (danger != null) {
            inspection.found(Rule.ABSOLUTE_REFERENCE, place, what + " " + Inspection.quoted(name) + " " + danger);
        }
    }

    private static String unquoted(String value) {
        if (value.length() >= 2 && value.startsWith("\"")) {
            int end = value.indexOf('"', 1);
            return value.substring(1, end < 0 ? value.length() : end);
        }
        return value;
    }
}
