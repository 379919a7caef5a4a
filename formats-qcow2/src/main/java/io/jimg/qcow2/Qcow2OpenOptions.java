package io.jimg.qcow2;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.spi.Schema;
import java.util.Locale;

/** Options of an open qcow2 image, named as QEMU names them. */
public final class Qcow2OpenOptions {
    /** Bytes of L2 entries that may stay in memory. */
    public static final Option<Long> L2_CACHE_SIZE =
            Option.of("l2-cache-size", OptionType.SIZE, "Maximum L2 table cache size");

    /** Bytes of an L2 table that are read at once: a power of two from 512 to the cluster size. */
    public static final Option<Long> L2_CACHE_ENTRY_SIZE =
            Option.of("l2-cache-entry-size", OptionType.SIZE, "Size of each entry in the L2 cache");

    /** Bytes of refcount blocks that may stay in memory. */
    public static final Option<Long> REFCOUNT_CACHE_SIZE =
            Option.of("refcount-cache-size", OptionType.SIZE, "Maximum refcount block cache size");

    /** Bytes of both caches together. */
    public static final Option<Long> CACHE_SIZE = Option.of(
            "cache-size", OptionType.SIZE, "Maximum combined metadata (L2 tables and refcount blocks) cache size");

    /**
     * Whether refcounts may be out of date while the image is open; the image itself decides where this is not given.
     */
    public static final Option<Boolean> LAZY_REFCOUNTS =
            Option.of("lazy-refcounts", OptionType.BOOL, "Postpone refcount updates");

    /** Whether clusters that the guest discards are given back to the host's file system. */
    public static final Option<Boolean> PASS_DISCARD_REQUEST =
            Option.of("pass-discard-request", OptionType.BOOL, true, "Pass guest discard requests to the layer below");

    /** Whether clusters that are freed for other reasons are given back to the host's file system. */
    public static final Option<Boolean> PASS_DISCARD_OTHER = Option.of(
            "pass-discard-other", OptionType.BOOL, false, "Generate discard requests when other clusters are freed");

    /**
     * Which metadata of an image opened to write is guarded: a write that would overwrite it, as there are in damaged
     * images, fails and marks the image corrupt.
     */
    public enum OverlapCheck {
        /** None. */
        NONE,
        /** Header, active L1 table, refcount table, snapshot table and bitmap directory. */
        CONSTANT,
        /** The active L2 tables, refcount blocks and the snapshots' L1 tables, too. */
        CACHED,
        /** The snapshots' L2 tables, too: they are looked up when the image is opened. */
        ALL
    }

    /** Which metadata is guarded; {@link OverlapCheck#CACHED} where nothing is said. */
    public static final Option<OverlapCheck> OVERLAP_CHECK = Option.of("overlap-check", new OverlapCheckType(), "");

    /** The same under its other name; the two must not contradict each other. */
    public static final Option<OverlapCheck> OVERLAP_CHECK_TEMPLATE =
            Option.of("overlap-check.template", new OverlapCheckType(), "");

    /** The encryption that the image is expected to have: {@code aes} or {@code luks}. */
    public static final Option<String> ENCRYPT_FORMAT = Option.of("encrypt.format", OptionType.STRING, "");

    /** All options, with those that have no meaning here but are legal in a name written for QEMU. */
    public static final Schema SCHEMA = Schema.of(
            LAZY_REFCOUNTS,
            PASS_DISCARD_REQUEST,
            Option.of("pass-discard-snapshot", OptionType.BOOL, ""),
            PASS_DISCARD_OTHER,
            Option.of("discard-no-unref", OptionType.BOOL, ""),
            OVERLAP_CHECK,
            OVERLAP_CHECK_TEMPLATE,
            overlapCheck("main-header"),
            overlapCheck("active-l1"),
            overlapCheck("active-l2"),
            overlapCheck("refcount-table"),
            overlapCheck("refcount-block"),
            overlapCheck("snapshot-table"),
            overlapCheck("inactive-l1"),
            overlapCheck("inactive-l2"),
            overlapCheck("bitmap-directory"),
            CACHE_SIZE,
            L2_CACHE_SIZE,
            L2_CACHE_ENTRY_SIZE,
            REFCOUNT_CACHE_SIZE,
            Option.of("cache-clean-interval", OptionType.NUMBER, ""),
            ENCRYPT_FORMAT,
            Qcow2.LUKS.keySecret());

    private Qcow2OpenOptions() {}

    /**
     * Whether one sort of metadata is guarded, whatever {@link #OVERLAP_CHECK} says.
     *
     * @param section as QEMU names it: {@code main-header}, {@code active-l1} and so on
     */
    public static Option<Boolean> overlapCheck(String section) {
        return Option.of("overlap-check." + section, OptionType.BOOL, "");
    }

    private static final class OverlapCheckType implements OptionType<OverlapCheck> {
        @Override
        public String placeholder() {
            return "<str>";
        }

        @Override
        public OverlapCheck parse(String name, String text) throws ImageException {
            for (OverlapCheck check : OverlapCheck.values()) {
                if (print(check).equals(text)) {
                    return check;
                }
            }
            throw new ImageException(
                    ErrorKind.BAD_OPTION,
                    "Unsupported value '" + text + "' for qcow2 option 'overlap-check'. Allowed are any of the"
                            + " following: none, constant, cached, all");
        }

        @Override
        public String print(OverlapCheck value) {
            return value.name().toLowerCase(Locale.ROOT);
        }
    }
}
