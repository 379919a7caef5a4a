package io.jimg.cli.commands;

import io.jimg.CacheMode;
import io.jimg.DamageException;
import io.jimg.DiskImage;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.Job;
import io.jimg.OpenOptions;
import io.jimg.all.AllFormats;
import io.jimg.cli.arguments.CacheModes;
import io.jimg.cli.arguments.ImageSource;
import io.jimg.cli.arguments.OptionLists;
import io.jimg.cli.arguments.ShortForms;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.cli.process.Failures;
import io.jimg.cli.process.Interrupt;
import io.jimg.cli.text.Progress;
import io.jimg.ops.Convert;
import io.jimg.ops.CopyBitmaps;
import io.jimg.ops.Create;
import io.jimg.ops.CreationException;
import io.jimg.spi.Closing;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.OpenGate;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One conversion, as the words of {@code convert} describe it. */
final class Converter {
    private final Console console;

    private final ConvertRequest request;
    private final Set<String> damageTold = new HashSet<>();

    /** A conversion that {@link #run} does. */
    Converter(Console console, ConvertRequest request) {
        this.console = console;
        this.request = request;
    }

    /**
     * Does it.
     *
     * @param sources names of the images, at least one
     * @param target name of the output
     * @return the exit code
     */
    int run(List<String> sources, String target) throws CommandException, IOException {
        request.source.cache(CacheModes.parse("source cache option", request.sourceCache));
        Progress bar = new Progress(console, request.progress, request.quiet);
        bar.begin();
        try (OpenSources opened = open(sources)) {
            convert(opened, target, bar);
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
                ImageSource.Located located = request.source.locate(name, request.sourceFormat);
                opened.add(located.with(located.options().withDenyWriters(true)).open());
            }
            if (request.snapshot != null) {
                // Only where the snapshot is a plain word: with keys it is the first image's, as in qemu-img.
                if (names.size() > 1 && request.snapshot.isPlainWord()) {
                    throw new CommandException("No support for concatenating multiple snapshot");
                }
                opened.replaceBySnapshot(request.snapshot);
            }
            return opened;
        } catch (Throwable failure) {
            Closing.after(failure, opened);
            throw failure;
        }
    }

    private void convert(OpenSources opened, String target, Progress bar) throws CommandException, IOException {
        List<DiskImage> images = opened.images();
        Convert convert = new Convert(images)
                .compress(request.compress)
                .sparseSize(request.sparseSize)
                .parallel(request.parallel)
                .outOfOrder(request.outOfOrder)
                .copyRange(request.copyRange)
                .targetIsZero(request.targetIsZero)
                .rate(request.rate)
                .progressByData(request.progress || console.terminal())
                .bitmaps(bitmaps(opened))
                .salvage(request.salvage ? this::unreadable : null);
        if (request.targetExists) {
            convert.check();
            if (request.targetIsZero && request.backing != null) {
                throw new CommandException("Cannot use --target-is-zero when the destination image has a backing file");
            }
            try (DiskImage output = openTarget(target)) {
                run(convert.overBacking(request.backing != null).into(output), bar);
            }
            return;
        }
        Create create = create(target);
        // A target that can't be made is complained of before its cache mode.
        @Nullable CacheMode mode = CacheModes.find(request.targetCache);
        Job<?> job = convert.cache(mode == null ? CacheMode.UNSAFE : mode).toNew(create);
        if (mode == null) {
            throw CacheModes.unknown("cache option", request.targetCache);
        }
        try {
            run(job, bar);
        } catch (CreationException refused) {
            throw refused.prefixed(target + ": error while converting " + request.format + ": ");
        }
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

    private Create create(String target) throws CommandException, IOException {
        Images images = AllFormats.images();
        DottedOptions list = request.options == null
                ? DottedOptions.EMPTY
                : DottedOptions.of(OptionLists.parse(request.options, null, ShortForms.ACCEPTED));
        return new Create(images, target)
                .format(request.format)
                .options(list)
                .backingFile(request.backing)
                .backingFormat(request.backingFormat)
                .warnings(sentence -> console.error("warning: " + sentence))
                .backingOptions(request.source
                        .secrets()
                        .in(OpenOptions.DEFAULT.withGate(OpenGate.ALLOW).withNotices(console)));
    }

    private DiskImage openTarget(String target) throws CommandException, IOException {
        OpenOptions how = request.source
                .secrets()
                .in(OpenOptions.DEFAULT
                        .withGate(OpenGate.ALLOW)
                        .withWritable(true)
                        .withNotices(console)
                        .withCache(targetCacheMode()));
        return (request.targetImageOpts
                        ? request.source.locateTree(target, request.formatGiven ? request.format : null, how)
                        : new ImageSource.Located(target, target, how.withFormat(request.format), console))
                .open();
    }

    private CacheMode targetCacheMode() throws CommandException {
        return CacheModes.parse("cache option", request.targetCache);
    }

    /** The bitmaps that go along; null for none. A snapshot has those of its image. */
    private @Nullable CopyBitmaps bitmaps(OpenSources opened) {
        if (!request.bitmaps) {
            return null;
        }
        return new CopyBitmaps(
                opened.first(), request.skipBrokenBitmaps ? sentence -> console.error("warning: " + sentence) : null);
    }

    private void unreadable(ImageException failure) {
        @Nullable DamageException damage = Failures.damage(failure);
        if (damage != null && damageTold.add(damage.getMessage())) {
            console.plainError(damage.getMessage());
        }
        if (!request.quiet) {
            console.error("warning: " + Failures.withoutDamage(failure));
        }
    }
}
