package io.jimg.cli;

import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.Job;
import io.jimg.OpenOptions;
import io.jimg.ops.Convert;
import io.jimg.ops.Create;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.OpenGate;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One conversion, as the words of {@code convert} describe it. */
final class Converter {
    private static final String BACKING_FILE = "backing_file";
    private static final String PREALLOCATION = "preallocation";

    private final Console console;

    final ImageSource source;

    @Nullable
    String sourceFormat;

    String format = "raw";

    @Nullable
    String options;

    @Nullable
    String backing;

    @Nullable
    String backingFormat;

    @Nullable
    SnapshotChoice snapshot;

    int sparseSize = Convert.DEFAULT_SPARSE_SIZE;

    int parallel = Convert.DEFAULT_PARALLEL;

    long rate;

    String sourceCache = "writeback";

    String targetCache = "unsafe";

    boolean compress;

    boolean outOfOrder;

    boolean copyRange;

    boolean targetExists;

    boolean targetIsZero;

    boolean targetImageOpts;

    boolean salvage;

    boolean bitmaps;

    boolean progress;

    boolean quiet;

    /** Nothing asked for yet. */
    Converter(Console console) {
        this.console = console;
        source = new ImageSource(console);
    }

    /**
     * Does it.
     *
     * @param sources names of the images, at least one
     * @param target name of the output
     * @return the exit code
     */
    int run(List<String> sources, String target) throws CommandException, IOException {
        @Nullable CacheMode mode = CacheModes.find(sourceCache);
        if (mode == null) {
            throw new CommandException("Invalid source cache option: " + sourceCache);
        }
        source.cache(mode);
        Progress bar = new Progress(console, progress && !quiet, Progress.ONE_PERCENT);
        bar.begin();
        try (OpenSources opened = open(sources)) {
            convert(opened.images(), target, bar);
            bar.full();
            return 0;
        } finally {
            bar.leave();
        }
    }

    private OpenSources open(List<String> names) throws CommandException, IOException {
        OpenSources opened = new OpenSources();
        try {
            for (String name : names) {
                ImageSource.Located located = source.locate(name, sourceFormat);
                opened.add(located.with(located.options().withDenyWriters(true)).open());
            }
            if (snapshot != null) {
                if (names.size() > 1) {
                    throw new CommandException("No support for concatenating multiple snapshot");
                }
                opened.replaceBySnapshot(snapshot);
            }
            return opened;
        } catch (Throwable failure) {
            opened.closeAfter(failure);
            throw failure;
        }
    }

    private void convert(List<DiskImage> images, String target, Progress bar) throws CommandException, IOException {
        Convert convert = new Convert(images)
                .compress(compress)
                .sparseSize(sparseSize)
                .parallel(parallel)
                .outOfOrder(outOfOrder)
                .copyRange(copyRange)
                .targetIsZero(targetIsZero)
                .rate(rate)
                .salvage(salvage ? this::unreadable : null);
        if (targetExists) {
            refuseBitmapsOf(images);
            try (DiskImage output = openTarget(target)) {
                refuseBitmaps(images, output.format());
                run(convert.overBacking(backing != null).into(output), bar);
            }
            return;
        }
        Create create = create(images.size(), target);
        @Nullable CacheMode mode = CacheModes.find(targetCache);
        Job<?> job = convert.cache(mode == null ? CacheMode.UNSAFE : mode).toNew(create);
        refuseBitmapsOf(images);
        refuseBitmaps(images, format);
        if (mode == null) {
            throw badTargetCache();
        }
        run(job, bar);
    }

    private static <T> void run(Job<T> job, Progress bar) throws IOException {
        job.onProgress(bar::at);
        Interrupt interrupt = new Interrupt(job);
        try {
            job.run();
        } finally {
            interrupt.end();
        }
    }

    private Create create(int sources, String target) throws CommandException, IOException {
        Images images = Images.standard();
        DottedOptions list = options == null
                ? DottedOptions.EMPTY
                : DottedOptions.of(OptionLists.parse(options, null, ShortForms.ACCEPTED));
        boolean hasBacking = backing != null || list.get(BACKING_FILE) != null;
        if (hasBacking && sources > 1) {
            throw new CommandException(
                    "Having a backing file for the target makes no sense when concatenating multiple input images");
        }
        String preallocation = list.get(PREALLOCATION);
        if (compress && preallocation != null && !preallocation.equals("off")) {
            throw new CommandException("Compression and preallocation not supported at the same time");
        }
        return new Create(images, target)
                .format(format)
                .options(list)
                .backingFile(backing)
                .backingFormat(backingFormat)
                .backingOptions(OpenOptions.DEFAULT.withGate(OpenGate.ALLOW).withSecrets(source.secrets()));
    }

    private DiskImage openTarget(String target) throws CommandException, IOException {
        OpenOptions how = OpenOptions.DEFAULT
                .withGate(OpenGate.ALLOW)
                .withWritable(true)
                .withSecrets(source.secrets())
                .withCache(targetCacheMode());
        return (targetImageOpts
                        ? source.locateTree(target, null, how)
                        : new ImageSource.Located(target, target, how.withFormat(format)))
                .open();
    }

    private CacheMode targetCacheMode() throws CommandException {
        @Nullable CacheMode mode = CacheModes.find(targetCache);
        if (mode == null) {
            throw badTargetCache();
        }
        return mode;
    }

    private CommandException badTargetCache() {
        return new CommandException("Invalid cache option: " + targetCache);
    }

    private void refuseBitmapsOf(List<DiskImage> images) throws CommandException, IOException {
        if (bitmaps && images.size() > 1) {
            throw new CommandException("Copying bitmaps only possible with single source");
        }
        if (bitmaps && !Images.standard().format(images.get(0).format()).bitmaps()) {
            throw new CommandException("Source lacks bitmap support");
        }
    }

    /** Bitmaps that are there are not dropped silently: those who ask for them want them, and no format takes them yet. */
    private void refuseBitmaps(List<DiskImage> images, String targetFormat) throws CommandException, IOException {
        if (bitmaps
                && (!Images.standard().format(targetFormat).bitmaps()
                        || images.get(0).formatSpecific().get("bitmaps") != null)) {
            throw new CommandException("Format driver '" + targetFormat + "' does not support bitmaps");
        }
    }

    private void unreadable(String sentence) {
        if (!quiet) {
            console.error("warning: " + sentence);
        }
    }

    /** Images that are open, closed together in the reverse order. */
    private static final class OpenSources implements AutoCloseable {
        private final List<DiskImage> opened = new ArrayList<>();
        private List<DiskImage> images = opened;

        void add(DiskImage image) {
            opened.add(image);
        }

        void replaceBySnapshot(SnapshotChoice choice) throws IOException {
            DiskImage view = choice.open(opened.get(0));
            images = List.of(view);
            opened.add(view);
        }

        List<DiskImage> images() {
            return images;
        }

        void closeAfter(Throwable failure) {
            try {
                close();
            } catch (IOException second) {
                failure.addSuppressed(second);
            }
        }

        @Override
        public void close() throws IOException {
            ImageException first = null;
            for (int i = opened.size() - 1; i >= 0; i--) {
                try {
                    opened.get(i).close();
                } catch (IOException failed) {
                    first = first == null ? new ImageException(ErrorKind.IO, Failures.sentence(failed), failed) : first;
                }
            }
            if (first != null) {
                throw first;
            }
        }
    }
}
