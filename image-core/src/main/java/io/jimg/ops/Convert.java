package io.jimg.ops;

import io.jimg.BlockDevice;
import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.copy.Copy;
import io.jimg.copy.Totals;
import io.jimg.spi.ImageFormat;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Copies the guest bytes of one image, or of several joined end to end, to another image.
 *
 * <pre>{@code
 * try (DiskImage source = images.open(Path.of("disk.raw"))) {
 *     new Convert(source).toNew(new Create(images, "disk.qcow2").format("qcow2")).run();
 * }
 * }</pre>
 *
 * <p>A snapshot is converted by giving it as the source ({@code image.capability(Snapshots.class)}). The sources stay
 * the caller's.
 */
public final class Convert {
    /** The granularity of zero detection unless it is set: 4 KiB. */
    public static final int DEFAULT_SPARSE_SIZE = 4096;

    /** How many requests are worked on together unless it is set. */
    public static final int DEFAULT_PARALLEL = 8;

    private final List<DiskImage> sources;
    private boolean compress;
    private int sparseSize = DEFAULT_SPARSE_SIZE;
    private int parallel = DEFAULT_PARALLEL;
    private boolean outOfOrder;
    private boolean copyRange;
    private boolean targetIsZero;
    private boolean overBacking;
    private boolean progressByData;
    private long rate;
    private @Nullable Consumer<ImageException> salvage;
    private CacheMode cache = CacheMode.UNSAFE;
    private Copy.@Nullable Range range;
    private @Nullable CopyBitmaps bitmaps;

    /** From one image. */
    public Convert(DiskImage source) {
        this(List.of(source));
    }

    /**
     * From several, joined in order.
     *
     * @param sources at least one
     */
    public Convert(List<? extends DiskImage> sources) {
        if (sources.isEmpty()) {
            throw new IllegalArgumentException("no source");
        }
        this.sources = List.copyOf(sources);
    }

    /** Whether the target's data is compressed. */
    public Convert compress(boolean value) {
        compress = value;
        return this;
    }

    /**
     * How many bytes on end must be zero to be left out: a multiple of 512 up to 16 MiB; 0 writes every byte, so that
     * the target is fully allocated.
     */
    public Convert sparseSize(int bytes) {
        sparseSize = bytes;
        return this;
    }

    /** How many requests are worked on together, from 1 to 16; no more threads than processors are used. */
    public Convert parallel(int requests) {
        parallel = requests;
        return this;
    }

    /**
     * Whether data may be given its place in an existing target in another order than the guest's, which gives up that
     * the layout is the same each time. In a new image places are decided in guest order in any case, and data goes to
     * them in any order without being asked: there is nothing left to allow.
     */
    public Convert outOfOrder(boolean value) {
        outOfOrder = value;
        return this;
    }

    /**
     * Whether the host is asked to copy, without the bytes passing through this process, where source and target are
     * such that it can.
     */
    public Convert copyRange(boolean value) {
        copyRange = value;
        return this;
    }

    /** For an existing target: whether it is known to read as zeroes everywhere. */
    public Convert targetIsZero(boolean value) {
        targetIsZero = value;
        return this;
    }

    /** Bytes a second at most; 0 for no limit. */
    public Convert rate(long bytesPerSecond) {
        rate = bytesPerSecond;
        return this;
    }

    /**
     * Whether to go on where the source cannot be read: such sectors become zeroes.
     *
     * @param unreadable told of each, one at a time, by a failure whose message is qemu-img's; null to stop at the
     *     first
     */
    public Convert salvage(@Nullable Consumer<ImageException> unreadable) {
        salvage = unreadable;
        return this;
    }

    /** The cache mode of a target that the job creates. */
    public Convert cache(CacheMode value) {
        cache = value;
        return this;
    }

    /** Bitmaps that are copied when the guest's bytes are; null for none. */
    public Convert bitmaps(@Nullable CopyBitmaps value) {
        bitmaps = value;
        return this;
    }

    /**
     * Whether progress counts bytes of data instead of all bytes: truer where much is zero, but all extents are asked
     * before the copy begins.
     */
    public Convert progressByData(boolean value) {
        progressByData = value;
        return this;
    }

    /**
     * Copies only a part of the sources, which begins at the target's first byte.
     *
     * @param offset of the part's first byte in the sources joined
     * @param length bytes; the part must not leave the sources
     */
    public Convert range(long offset, long length) {
        range = new Copy.Range(offset, length);
        return this;
    }

    /**
     * For an existing target: whether its backing file holds what the source's topmost layer does not, so that only
     * that layer is copied.
     */
    public Convert overBacking(boolean value) {
        overBacking = value;
        return this;
    }

    /**
     * Into a new image, of the sources' size whatever {@code target} says of it. Where the target has a backing file,
     * that file is taken to hold what the source's topmost layer does not. A job that fails or is cancelled removes the
     * file; it fails with {@link CreationException} where the image cannot be made.
     *
     * @throws ImageException where the target cannot be as it was asked for; no file has been touched then
     */
    public Job<Conversion> toNew(Create target) throws IOException {
        CreatePlan plan = CreatePlan.ofCopy(target, totalSize(), this::checkTarget);
        check();
        if (bitmaps != null && !plan.format().bitmaps(plan.options())) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED, CopyBitmaps.unsupported(plan.format().name()));
        }
        return new NewImageJob(copy(plan.backed(), plan.blankFrom()), plan, sources, cache, bitmaps);
    }

    private void checkTarget(ImageFormat format, CreateOptions options, boolean backed) throws ImageException {
        if (backed && sources.size() > 1) {
            throw new ImageException(
                    ErrorKind.BAD_OPTION,
                    "Having a backing file for the target makes no sense when concatenating multiple input images");
        }
        if (!compress) {
            return;
        }
        if (!format.compresses()) {
            throw new ImageException(ErrorKind.UNSUPPORTED, "Compression not supported for this file format");
        }
        if (format.encrypts(options.values())) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED, "Compression and encryption not supported at the same time");
        }
        String preallocation = options.given().get("preallocation");
        if (preallocation != null && !preallocation.equals("off")) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED, "Compression and preallocation not supported at the same time");
        }
    }

    /**
     * Into an existing image, open for writing, which stays the caller's: its bytes past the sources' end stay as they
     * are.
     *
     * @throws ImageException where it is too small
     */
    public Job<Conversion> into(BlockDevice target) throws IOException {
        if (compress) {
            Copy.compressedWrite(target);
        }
        check();
        CopyBitmaps along = bitmaps;
        if (along != null) {
            CopyBitmaps.requireTarget(target);
        }
        if (target.size() < totalSize()) {
            throw new ImageException(ErrorKind.OUT_OF_RANGE, "output file is smaller than input file");
        }
        Copy copy = copy(overBacking, Long.MAX_VALUE);
        return new Job<>() {
            @Override
            protected Conversion execute() throws IOException {
                Totals done = copy.run(target, targetIsZero, this::checkCancelled, this::progress);
                if (along != null) {
                    along.into(target);
                }
                return Conversion.of(done);
            }
        };
    }

    /**
     * Refuses sources that cannot be converted as asked for, whatever the target is; {@link #toNew} and {@link #into}
     * do so too.
     *
     * @throws ImageException for bitmaps that cannot be copied
     */
    public void check() throws IOException {
        if (bitmaps != null && sources.size() > 1) {
            throw new ImageException(ErrorKind.BAD_OPTION, "Copying bitmaps only possible with single source");
        }
        if (bitmaps != null) {
            bitmaps.check();
        }
    }

    private long totalSize() throws ImageException {
        long total = 0;
        for (DiskImage source : sources) {
            if (source.size() > Long.MAX_VALUE - total) {
                throw new ImageException(ErrorKind.LIMIT, "The images joined are larger than 2^63-1 bytes");
            }
            total += source.size();
        }
        if (range == null) {
            return total;
        }
        if (range.offset() < 0 || range.length() < 0 || range.offset() > total - range.length()) {
            throw new ImageException(
                    ErrorKind.OUT_OF_RANGE,
                    range.length() + " bytes at " + range.offset() + " leave the source of " + total + " bytes");
        }
        return range.length();
    }

    private Copy copy(boolean overBackingFile, long blankFrom) {
        return new Copy(
                sources,
                range,
                new Copy.Settings(
                        compress,
                        sparseSize,
                        parallel,
                        outOfOrder,
                        copyRange,
                        rate,
                        salvage,
                        sparseSize == 0,
                        overBackingFile && sources.get(0).backing() != null ? 1 : BlockDevice.ALL_LAYERS,
                        Copy.LARGEST_UNIT,
                        blankFrom,
                        progressByData));
    }
}
