package io.jimg.storage;

import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.spi.Schema;

/** The options of a new file on the host, which join those of the format in it. */
public final class FileCreation {
    /** Whether copy-on-write is turned off; only btrfs knows it, and elsewhere it is without effect. */
    public static final Option<Boolean> NOCOW =
            Option.of("nocow", OptionType.BOOL, "Turn off copy-on-write (valid only on btrfs)");

    /** What is reserved beforehand. */
    public static final Option<Preallocation> PREALLOCATION =
            Option.of("preallocation", Preallocation.TYPE, "Preallocation mode (allowed values: off, falloc, full)");

    /**
     * A hint on the size of the file's extents, in bytes up to 2^32-1, for XFS; where it is not given the host is told
     * nothing.
     */
    public static final Option<Long> EXTENT_SIZE_HINT =
            Option.of("extent_size_hint", OptionType.SIZE, "Extent size hint for the image file, 0 to disable");

    /** All of them, in the order in which they are echoed. */
    public static final Schema SCHEMA = Schema.of(NOCOW, PREALLOCATION, EXTENT_SIZE_HINT);

    private FileCreation() {}
}
