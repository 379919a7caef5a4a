package io.jimg.ops;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Checkable;
import io.jimg.capability.Repairable;
import java.io.IOException;
import java.util.Optional;

/** Checks an image's metadata, and repairs it where that is wanted. */
public final class Check {
    /** Units of progress of a repair, and as many of the check after it. */
    private static final long HALF = 500;

    private Check() {}

    /**
     * A check of the whole image. Changes nothing.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} where the format has no check
     */
    public static Job<CheckReport> of(DiskImage image) throws ImageException {
        return checkable(image).check();
    }

    /**
     * A repair of the whole image, and a check of it where anything was repaired.
     *
     * @param image opened with {@link io.jimg.OpenOptions#withWritable}, and {@link io.jimg.OpenOptions#withToCheck}
     *     where it may be damaged so that nobody else may write to it
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} where the format has no repair
     */
    public static Job<Repair> repair(DiskImage image, Repairable.Mode mode) throws ImageException {
        Checkable checkable = checkable(image);
        Repairable repairable = image.capability(Repairable.class)
                .orElseThrow(() -> unsupported(image, "This image cannot be repaired"));
        return new Job<>() {
            @Override
            protected Repair execute() throws IOException {
                CheckReport report = follow(repairable.repair(mode), 0);
                boolean changed = report.corruptionsFixed() + report.leaksFixed() > 0;
                return new Repair(report, changed ? Optional.of(follow(checkable.check(), 1)) : Optional.empty());
            }

            private CheckReport follow(Job<CheckReport> step, int number) throws IOException {
                step.onProgress((done, total) -> {
                    progress(number * HALF + (long) ((double) HALF * done / total), 2 * HALF);
                    if (cancelled()) {
                        step.cancel();
                    }
                });
                return step.run();
            }
        };
    }

    /**
     * What a repair has done.
     *
     * @param report what was found, what of it was repaired and what was not
     * @param afterwards what a check of the repaired image found; empty where nothing was repaired
     */
    public record Repair(CheckReport report, Optional<CheckReport> afterwards) {

        /**
         * How the image is now, with the counts of what was repaired; the findings are those of the last look at it.
         */
        public CheckReport outcome() {
            return afterwards.map(now -> now.withFixed(report)).orElse(report);
        }
    }

    private static Checkable checkable(DiskImage image) throws ImageException {
        return image.capability(Checkable.class)
                .orElseThrow(() -> unsupported(image, "This image format does not support checks"));
    }

    private static ImageException unsupported(DiskImage image, String sentence) {
        return new ImageException(ErrorKind.UNSUPPORTED, sentence, image.name(), ImageException.NO_OFFSET, null);
    }
}
