package io.jimg.ops;

import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.copy.Copy;
import io.jimg.spi.Closing;
import io.jimg.spi.ImageWriter;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A copy into an image that is created for it, and removed again where the copy fails. */
final class NewImageJob extends Job<Conversion> {
    private final Copy copy;
    private final CreatePlan plan;
    private final List<DiskImage> sources;
    private final CacheMode cache;
    private final @Nullable CopyBitmaps bitmaps;

    NewImageJob(Copy copy, CreatePlan plan, List<DiskImage> sources, CacheMode cache, @Nullable CopyBitmaps bitmaps) {
        this.copy = copy;
        this.plan = plan;
        this.sources = sources;
        this.cache = cache;
        this.bitmaps = bitmaps;
    }

    @Override
    protected Conversion execute() throws IOException {
        checkCancelled();
        Storage file;
        try {
            plan.validate();
            plan.refuseToOverwrite(sources);
            file = plan.createFile(cache);
        } catch (ImageException refused) {
            throw new CreationException(refused);
        }
        try {
            Conversion done = fill(file);
            if (bitmaps != null) {
                try (DiskImage target = plan.open(cache)) {
                    bitmaps.into(target);
                }
            }
            return done;
        } catch (Throwable failure) {
            plan.removeAfter(failure);
            throw failure;
        }
    }

    private Conversion fill(Storage file) throws IOException {
        Optional<ImageWriter> forwards = createIn(file);
        if (forwards.isPresent()) {
            try (ImageWriter writer = forwards.get()) {
                return Conversion.of(copy.run(writer, this::checkCancelled, this::progress));
            }
        }
        file.close();
        try (DiskImage target = plan.open(cache)) {
            // What is allocated beforehand in an encrypted image is zero on the host, and noise to the guest.
            boolean blank = !plan.backed() && !plan.format().encrypts(plan.options());
            return Conversion.of(copy.run(target, blank, this::checkCancelled, this::progress));
        }
    }

    /** Where there is no writer, the image has been made, and the file is still the caller's. */
    private Optional<ImageWriter> createIn(Storage file) throws IOException {
        try {
            Optional<ImageWriter> writer = plan.format().createWriter(file, plan.request());
            if (writer.isEmpty()) {
                plan.format().create(file, plan.request());
            }
            return writer;
        } catch (Throwable failure) {
            Closing.after(failure, file);
            if (failure instanceof ImageException refused) {
                throw new CreationException(refused);
            }
            throw failure;
        }
    }
}
