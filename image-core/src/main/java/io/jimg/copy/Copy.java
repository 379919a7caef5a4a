package io.jimg.copy;

import io.jimg.BlockDevice;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.capability.CompressedWrite;
import io.jimg.device.ConcatenatedDevice;
import io.jimg.device.SubRangeDevice;
import io.jimg.device.TokenBucket;
import io.jimg.spi.ImageWriter;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The copying that is the same whatever the target is. */
public final class Copy {
    /**
     * Small enough to stay in the processors' caches between read and write, large enough for few calls: others were no
     * faster.
     */
    private static final int CHUNK = 512 << 10;

    /** What the host copies by itself costs a call, not a cache. */
    private static final int HOST_CHUNK = 16 << 20;

    /** The default of {@link Settings#largestUnit}. */
    public static final int LARGEST_UNIT = DeviceTarget.LARGEST_UNIT;

    private final List<DiskImage> sources;
    private final @Nullable Range range;
    private final Settings settings;

    /**
     * What an operation was told.
     *
     * @param fillZeroes whether zeroes are written as data
     * @param layers how many of the source's layers are copied, the topmost first
     * @param largestUnit bytes up to which a device's own unit of allocation cuts the source
     * @param blankFrom guest offset from which a target over a backing file reads as zeroes without a write
     * @param progressByData whether progress is counted in bytes of data, for which all extents are asked beforehand
     */
    public record Settings(
            boolean compress,
            int sparseSize,
            int parallel,
            boolean outOfOrder,
            boolean copyRange,
            long rate,
            @Nullable Consumer<ImageException> salvage,
            boolean fillZeroes,
            int layers,
            int largestUnit,
            long blankFrom,
            boolean progressByData) {}

    /**
     * Guest bytes of the sources.
     *
     * @param offset of the first
     * @param length how many
     */
    public record Range(long offset, long length) {}

    /** Lets a job stop a copy. */
    public interface Pause {
        /** Throws where it is to stop. */
        void check() throws ImageException;
    }

    /**
     * A copy.
     *
     * @param range the part of the sources that is copied; null for all
     */
    public Copy(List<DiskImage> sources, @Nullable Range range, Settings settings) {
        this.sources = sources;
        this.range = range;
        this.settings = settings;
    }

    /** Copies to a new image, whose writer stays the caller's. */
    public Totals run(ImageWriter writer, Pause pause, Job.ProgressListener progress) throws IOException {
        boolean compress = settings.compress() || writer.compressesAlways();
        StoredRuns runs =
                storedRuns(compress, (codec, length) -> length == writer.runLength() && writer.accepts(codec, length));
        return run(new WriterTarget(writer, compress), compress, runs, pause, progress);
    }

    /** Copies to an image that is written at any offset and stays the caller's. */
    public Totals run(BlockDevice device, boolean zeroed, Pause pause, Job.ProgressListener progress)
            throws IOException {
        DeviceTarget target = new DeviceTarget(
                device,
                settings.compress() ? compressedWrite(device) : null,
                zeroed,
                settings.outOfOrder(),
                settings.largestUnit());
        long size = sources.get(0).size();
        StoredRuns runs = storedRuns(settings.compress(), (codec, length) -> target.accepts(codec, length, size));
        return run(target, settings.compress(), runs, pause, progress);
    }

    private StoredRuns storedRuns(boolean compress, StoredRuns.Acceptance target) {
        return compress && wholeImage() ? StoredRuns.of(sources.get(0), target) : StoredRuns.NONE;
    }

    /**
     * How an image takes compressed runs.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} where it takes none
     */
    public static CompressedWrite compressedWrite(BlockDevice device) throws ImageException {
        return (device instanceof DiskImage image
                        ? image.capability(CompressedWrite.class)
                        : Optional.<CompressedWrite>empty())
                .orElseThrow(() ->
                        new ImageException(ErrorKind.UNSUPPORTED, "Compression not supported for this file format"));
    }

    private Totals run(CopyTarget target, boolean compress, StoredRuns runs, Pause pause, Job.ProgressListener progress)
            throws IOException {
        BlockDevice source = source();
        // What is compressed is left out by whole runs; a finer or coarser search would only split them.
        int sought = compress ? 1 : Math.max(settings.sparseSize(), 1);
        int grain = roundUp(sought, target.unit());
        boolean copies = settings.copyRange() && wholeImage() && target.copies();
        int room = roundUp(copies ? HOST_CHUNK : CHUNK, grain);
        Consumer<ImageException> listener = settings.salvage();
        Salvage salvage = listener == null ? null : new Salvage(listener);
        SourceWalk.Rules rules = new SourceWalk.Rules(
                target.unit(),
                grain,
                room,
                settings.layers(),
                settings.blankFrom(),
                settings.fillZeroes(),
                runs,
                salvage);
        DataProgress byData =
                settings.progressByData() ? DataProgress.of(new SourceWalk(source, rules), pause, progress) : null;
        CopyPipeline pipeline = new CopyPipeline(
                source,
                new SourceWalk(source, rules),
                new ChunkReader.Rules(
                        room,
                        settings.sparseSize() == 0 ? 0 : grain,
                        compress ? target : null,
                        runs,
                        copies ? new HostRuns(sources.get(0), target.unit()) : null,
                        salvage),
                target,
                settings.rate() == 0 ? null : new TokenBucket(settings.rate()),
                new CopyPipeline.Watch() {
                    @Override
                    public void check() throws ImageException {
                        pause.check();
                    }

                    @Override
                    public void reached(Chunk chunk) {
                        if (byData != null) {
                            byData.passed(chunk);
                        } else {
                            progress.progressed(chunk.end(), source.size());
                        }
                    }
                });
        int threads = Workers.threads(settings.parallel());
        pipeline.run(threads);
        if (byData != null) {
            byData.finish();
        }
        target.finish();
        return pipeline.result(salvage == null ? 0 : salvage.lostBytes(), threads);
    }

    private BlockDevice source() throws ImageException {
        BlockDevice all = sources.size() == 1 ? sources.get(0) : new ConcatenatedDevice(sources);
        // A window closes what it shows; it stays open, as do the sources.
        return range == null ? all : new SubRangeDevice(all, range.offset(), range.length());
    }

    private boolean wholeImage() {
        return sources.size() == 1 && range == null;
    }

    private static int roundUp(int value, int unit) {
        return Math.multiplyExact((value + unit - 1) / unit, unit);
    }
}
