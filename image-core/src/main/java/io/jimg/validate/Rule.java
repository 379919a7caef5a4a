package io.jimg.validate;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a validation looks for. A rule's id is part of the interface: it is written in policies and told in reports. */
public enum Rule {
    // ---- structure -------------------------------------------------------------------------------------------------

    /** {@code header}: the image cannot be opened. */
    HEADER(Group.STRUCTURE, "the image cannot be opened", "Get an intact copy; a repair needs an image that opens."),
    /** {@code corruption}: metadata contradicts itself. */
    CORRUPTION(Group.STRUCTURE, "metadata contradicts itself", "Get an intact copy, or try jimg check -r all on one."),
    /** {@code leak}: clusters are counted but not used. */
    LEAK(Group.STRUCTURE, "space is counted but not used", "Run jimg check -r leaks, or convert the image."),
    /** {@code check-failed}: the check could not go on to its end. */
    CHECK_FAILED(Group.STRUCTURE, "the check could not finish", "Get an intact copy."),
    /** {@code unexamined}: a part of the image was not looked at. */
    UNEXAMINED(
            Group.STRUCTURE,
            "a part of the image was not examined",
            "Permit the files that it needs, give its secret, or validate them one by one."),

    // ---- format ----------------------------------------------------------------------------------------------------

    /** {@code format-unstated}: nobody said what format the image has. */
    FORMAT_UNSTATED(
            Group.FORMAT,
            "the format was guessed from content that a stranger wrote",
            "State it: --format, OpenOptions.withFormat."),
    /** {@code format-mismatch}: the content is of another format than was stated. */
    FORMAT_MISMATCH(
            Group.FORMAT,
            "the content is of another format than was stated",
            "Reject the image: whoever probes it later would open something else."),
    /** {@code format-ambiguous}: more than one format claims the file. */
    FORMAT_AMBIGUOUS(
            Group.FORMAT,
            "more than one format claims the file",
            "Reject the image, or convert it, its format stated, to a fresh one."),
    /** {@code format-foreign}: the file is of a format that nothing here can examine. */
    FORMAT_FOREIGN(
            Group.FORMAT,
            "the file is of a format that cannot be examined",
            "Reject the image, or have its owner convert it."),
    /** {@code format-version}: a version of the format that is not supported. */
    FORMAT_VERSION(Group.FORMAT, "a version of the format that is not supported", "Have its owner convert it."),
    /** {@code nested-format}: the guest's disk begins like an image. */
    NESTED_FORMAT(
            Group.FORMAT,
            "the guest's disk itself begins like an image",
            "Never convert it to raw for somebody who probes; keep its format stated."),

    // ---- safety ----------------------------------------------------------------------------------------------------

    /** {@code backing-file}: the image names another one beneath it. */
    BACKING_FILE(
            Group.SAFETY,
            "the image names a backing file",
            "Reject it, or flatten it where its author is: jimg convert."),
    /** {@code data-file}: the guest's data lies in another file. */
    DATA_FILE(
            Group.SAFETY, "the image names an external data file", "Reject it, or convert it where its data file is."),
    /** {@code external-extent}: parts of the image are other files. */
    EXTERNAL_EXTENT(
            Group.SAFETY,
            "parts of the image lie in other files",
            "Reject it, or convert it to one file where its parts are."),
    /** {@code absolute-reference}: a name leads out of the image's folder, or to a device or a network. */
    ABSOLUTE_REFERENCE(
            Group.SAFETY,
            "a name in the image leads out of its folder",
            "Reject the image: such a name is how host files are stolen."),
    /** {@code unknown-feature}: incompatible features that are not known. */
    UNKNOWN_FEATURE(Group.SAFETY, "incompatible features that are not known", "Reject it, or update jimg."),
    /** {@code unknown-extension}: parts of the header that are not known and may be ignored. */
    UNKNOWN_EXTENSION(Group.SAFETY, "optional features that are not known", "Convert the image to drop them."),
    /** {@code dirty}: the image was not closed. */
    DIRTY(Group.SAFETY, "the image was not closed after it was written", "Run jimg check -r all."),
    /** {@code corrupt-mark}: the image is marked as damaged. */
    CORRUPT_MARK(Group.SAFETY, "the image is marked as damaged", "Get an intact copy, or run jimg check -r all."),
    /** {@code snapshots}: the image holds older states of the disk. */
    SNAPSHOTS(
            Group.SAFETY,
            "the image holds older states of the disk",
            "Delete them with jimg snapshot -d, or convert the image."),
    /** {@code weak-encryption}: a method that does not keep secrets. */
    WEAK_ENCRYPTION(Group.SAFETY, "an encryption that does not keep secrets", "Convert the image to LUKS."),
    /** {@code luks-iterations}: opening the volume takes too much work. */
    LUKS_ITERATIONS(
            Group.SAFETY,
            "opening the volume takes too much work",
            "Have its owner add a key with fewer iterations.",
            Unit.COUNT),
    /** {@code descriptor}: the descriptor says what none should. */
    DESCRIPTOR(Group.SAFETY, "the descriptor says what none should", "Reject it, or convert it to a fresh image."),
    /** {@code subformat}: a kind of the format that is not one self-contained file. */
    SUBFORMAT(
            Group.SAFETY,
            "a kind of the format that is not one self-contained file",
            "Convert it to one file of a common kind."),
    /** {@code footer}: a footer that contradicts the header. */
    FOOTER(
            Group.SAFETY,
            "the footer contradicts the header",
            "Reject it: programs that believe different ends see different disks."),
    /** {@code partition-table}: the guest's partition table makes no sense. */
    PARTITION_TABLE(Group.SAFETY, "the guest's partition table makes no sense", "Have its owner write the table anew."),
    /** {@code hybrid-partition-table}: a GPT and other MBR partitions at once. */
    HYBRID_PARTITION_TABLE(
            Group.SAFETY,
            "the disk has two partition tables that may disagree",
            "Allow it where such disks are expected, as hybrid ISO images are."),

    // ---- truncation ------------------------------------------------------------------------------------------------

    /** {@code truncated}: the file ends before what its metadata promises. */
    TRUNCATED(Group.TRUNCATION, "the file ends before what its metadata promises", "Transfer the image again."),

    // ---- resources -------------------------------------------------------------------------------------------------

    /** {@code virtual-size}: the guest's disk is larger than is allowed. */
    VIRTUAL_SIZE(
            Group.RESOURCES,
            "the guest's disk is larger than allowed",
            "Raise the policy's limit, or reject the image.",
            Unit.BYTES),
    /** {@code metadata-size}: opening the image takes more memory than is allowed. */
    METADATA_SIZE(
            Group.RESOURCES,
            "the image's tables are larger than allowed",
            "Convert it with larger clusters, or raise the policy's limit.",
            Unit.BYTES),
    /** {@code decompression-ratio}: compressed data is many times what the file holds. */
    DECOMPRESSION_RATIO(
            Group.RESOURCES,
            "compressed data expands to many times the file",
            "Reject the image, or raise the policy's limit for highly regular data.",
            Unit.RATIO),

    // ---- integrity -------------------------------------------------------------------------------------------------

    /** {@code compressed-data}: something compressed does not decompress. */
    COMPRESSED_DATA(Group.INTEGRITY, "compressed data does not decompress", "Get an intact copy."),
    /** {@code unreadable}: guest data cannot be read. */
    UNREADABLE(Group.INTEGRITY, "guest data cannot be read", "Get an intact copy."),
    /** {@code digest}: the guest's content is another one than was stated. */
    DIGEST(Group.INTEGRITY, "the guest's content is not what was stated", "Get the image that the digest is of.");

    /** What rules are about. */
    public enum Group {
        /** Is it an image whose metadata holds together? */
        STRUCTURE,
        /** Is it what it says, to everybody? */
        FORMAT,
        /** Does it reach for something, or set a trap? */
        SAFETY,
        /** Is all of it there? */
        TRUNCATION,
        /** What does it cost? */
        RESOURCES,
        /** Does its content read back? */
        INTEGRITY;

        /** The word that reports use. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What a rule's limit counts. */
    public enum Unit {
        /** The rule has no limit. */
        NONE,
        /** Bytes; a policy may use suffixes, as in {@code 2T}. */
        BYTES,
        /** A plain number. */
        COUNT,
        /** How many times as much. */
        RATIO
    }

    private final Group group;
    private final String title;
    private final String remedy;
    private final Unit unit;

    Rule(Group group, String title, String remedy) {
        this(group, title, remedy, Unit.NONE);
    }

    Rule(Group group, String title, String remedy, Unit unit) {
        this.group = group;
        this.title = title;
        this.remedy = remedy;
        this.unit = unit;
    }

    /** The name in policies and reports: {@code backing-file}. */
    public String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The rule of an id; null where there is none. */
    public static @Nullable Rule find(String id) {
        for (Rule rule : values()) {
            if (rule.id().equals(id)) {
                return rule;
            }
        }
        return null;
    }

    /** What it is about. */
    public Group group() {
        return group;
    }

    /** What it means where it is found, without full stop. */
    public String title() {
        return title;
    }

    /** What to do about a finding: a sentence. */
    public String remedy() {
        return remedy;
    }

    /** What its limit counts; {@link Unit#NONE} for a rule without one. */
    public Unit unit() {
        return unit;
    }
}
