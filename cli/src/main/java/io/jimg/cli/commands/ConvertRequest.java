package io.jimg.cli.commands;

import io.jimg.cli.arguments.ImageSource;
import io.jimg.cli.arguments.SnapshotChoice;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.ops.Convert;
import org.jspecify.annotations.Nullable;

/** What the words of {@code convert} ask for, as {@link ConvertCommand} reads them and {@link Converter} does it. */
final class ConvertRequest {
    /** How the images are opened. */
    final ImageSource source;

    /** {@code -f}; null to find it by content. */
    @Nullable
    String sourceFormat;

    /** {@code -O}. */
    String format = "raw";

    /** Whether {@code -O} was given. */
    boolean formatGiven;

    /** All of {@code -o}, joined; null for none. */
    @Nullable
    String options;

    /** {@code -B}; null for none. */
    @Nullable
    String backing;

    /** {@code -F}; null for none. */
    @Nullable
    String backingFormat;

    /** {@code -l}; null for the images as they are. */
    @Nullable
    SnapshotChoice snapshot;

    /** {@code -S}, in bytes. */
    int sparseSize = Convert.DEFAULT_SPARSE_SIZE;

    /** Whether {@code -S} was given. */
    boolean sparseSizeGiven;

    /** {@code -m}. */
    int parallel = Convert.DEFAULT_PARALLEL;

    /** {@code -r}, bytes a second; 0 for no limit. */
    long rate;

    /** {@code -T}, as typed. */
    String sourceCache = "writeback";

    /** {@code -t}, as typed. */
    String targetCache = "unsafe";

    /** {@code -c}. */
    boolean compress;

    /** {@code -W}. */
    boolean outOfOrder;

    /** {@code -C}. */
    boolean copyRange;

    /** {@code -n}. */
    boolean targetExists;

    /** {@code --target-is-zero}. */
    boolean targetIsZero;

    /** {@code --target-image-opts}. */
    boolean targetImageOpts;

    /** {@code --salvage}. */
    boolean salvage;

    /** {@code --bitmaps}. */
    boolean bitmaps;

    /** {@code --skip-broken-bitmaps}. */
    boolean skipBrokenBitmaps;

    /** {@code -p}. */
    boolean progress;

    /** {@code -q}. */
    boolean quiet;

    /** Nothing asked for yet. */
    ConvertRequest(Console console) {
        source = new ImageSource(console);
    }

    /** Refuses options that exclude each other, in the order in which qemu-img looks at them. */
    void check() throws CommandException {
        if (skipBrokenBitmaps && !bitmaps) {
            throw new CommandException("Use of --skip-broken-bitmaps requires --bitmaps");
        }
        if (copyRange && compress) {
            throw new CommandException("Cannot enable copy offloading when -c is used");
        }
        if (copyRange && sparseSizeGiven) {
            throw new CommandException("Cannot enable copy offloading when -S is used");
        }
        if (copyRange && salvage) {
            throw new CommandException("Cannot use copy offloading in salvaging mode");
        }
        if (targetExists && options != null) {
            throw new CommandException("-o has no effect when skipping image creation");
        }
        if (targetImageOpts && !targetExists) {
            throw new CommandException("--target-image-opts requires use of -n flag");
        }
        if (targetIsZero && !targetExists) {
            throw new CommandException("--target-is-zero requires use of -n flag");
        }
    }
}
