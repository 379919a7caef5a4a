package io.jimg.ops;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.copy.Workers;
import io.jimg.storage.Storage;
import io.jimg.validate.Inspection;
import io.jimg.validate.Names;
import io.jimg.validate.Place;
import io.jimg.validate.Policy;
import io.jimg.validate.Rule;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Walks over all extents of an image's own layer: whether those that say where they lie lie inside their file, and
 * whether those that are compressed decompress.
 *
 * <p>Costs: time linear in the number of extents, which the guest's size bounds, and the file's length, and in what is
 * decompressed, which is at most {@link Policy#limit} of {@link Rule#DECOMPRESSION_RATIO} times the file's length
 * beyond the first {@value #FREE_BYTES} bytes, whatever the guest's size; memory for one run a thread.
 */
final class ContentAudit {
    /** Decompressed before the ratio is looked at, so that a small image of little but zeroes passes. */
    static final long FREE_BYTES = 64L << 20;

    /** Extents that are walked over whatever the file's length; tables may lie past its end, as zeroes. */
    private static final long FREE_EXTENTS = 8L << 20;

    /** Places that cannot be read before it is clear enough what the image is; each costs an exception. */
    private static final int MOST_FAILURES = 1000;

    /** Bytes of a file that an extent takes at least beyond those: half an entry of a table. */
    private static final int BYTES_AN_EXTENT = 4;

    private static final int SECTOR = 512;
    private static final int DEFAULT_RUN = 64 << 10;
    /** Bytes of the largest compressed run that is looked at. */
    static final int LARGEST_RUN = 64 << 20;

    private final DiskImage image;
    private final Policy policy;
    private final Inspection inspection;
    private final Steps steps;
    private final Map<String, Long> lengths;
    private final int run;

    /** Guarded by this, as is all below. */
    private long next;

    private @Nullable Extent current;
    private long decompressed;
    private long runs;
    private long extents;
    private long mostExtents;
    private int failures;
    private boolean stopped;

    /** Is asked between steps whether to go on, and told how far the walk has come. */
    interface Steps {
        void check() throws ImageException;

        LongConsumer reached();
    }

    /**
     * For an image, or one of its snapshots.
     *
     * @param lengths what {@link #lengths} says of the image
     */
    ContentAudit(DiskImage image, Map<String, Long> lengths, Policy policy, Inspection inspection, Steps steps) {
        this.image = image;
        this.lengths = lengths;
        this.policy = policy;
        this.inspection = inspection;
        this.steps = steps;
        this.run = image.clusterSize() > 0 ? Math.min(LARGEST_RUN, image.clusterSize()) : DEFAULT_RUN;
    }

    /** The files that an image consists of, by their names, and how long they are. */
    static Map<String, Long> lengths(DiskImage image) throws IOException {
        Map<String, Long> lengths = new HashMap<>();
        for (DiskImage.Child child : image.children()) {
            Storage storage = child.storage();
            lengths.put(storage.name(), storage.size());
        }
        return lengths;
    }

    /** Does it; answers how many runs were decompressed. */
    long execute(int parallel) throws IOException {
        long fileSize = lengths.values().stream().mapToLong(Long::longValue).sum();
        long allowed = allowed(fileSize);
        synchronized (this) {
            mostExtents = FREE_EXTENTS + fileSize / BYTES_AN_EXTENT;
        }
        new Workers(this::stop).run(Workers.threads(parallel), () -> work(allowed));
        synchronized (this) {
            return runs;
        }
    }

    private long allowed(long fileSize) {
        long ratio = policy.limit(Rule.DECOMPRESSION_RATIO);
        long most = ratio == 0 || fileSize <= Long.MAX_VALUE / 2 / ratio ? fileSize * ratio : Long.MAX_VALUE / 2;
        return Math.max(FREE_BYTES, most);
    }

    private void work(long allowed) throws IOException {
        ByteBuffer plain = null;
        long at;
        while ((at = nextRun(allowed)) >= 0) {
            steps.check();
            if (plain == null) {
                plain = ByteBuffer.allocateDirect(run);
            }
            decompress(at, plain);
        }
    }

    private void decompress(long at, ByteBuffer plain) throws IOException {
        plain.clear().limit((int) Math.min(run, image.size() - at));
        try {
            image.read(plain, at);
        } catch (ImageException damaged) {
            if (damaged.kind() == ErrorKind.CLOSED || damaged.kind() == ErrorKind.CANCELLED) {
                throw damaged;
            }
            failed(damaged.kind() == ErrorKind.CORRUPT ? Rule.COMPRESSED_DATA : Rule.UNREADABLE, at, damaged);
        }
    }

    private synchronized void failed(Rule rule, long at, ImageException failure) {
        inspection.found(rule, Place.guest(at), Names.sentence(failure));
        if (++failures == MOST_FAILURES) {
            stopped = true;
            inspection.found(
                    Rule.UNEXAMINED,
                    Place.guest(at),
                    "After " + MOST_FAILURES + " places that cannot be read the rest was not looked at");
        }
    }

    /** Where the next compressed run begins; negative at the end. What is not compressed is looked at on the way. */
    private synchronized long nextRun(long allowed) throws IOException {
        while (!stopped && next < image.size()) {
            Extent extent = extentAt(next);
            if (extent == null) {
                continue;
            }
            if (!extent.compressed()) {
                inside(extent);
                next = extent.end();
                steps.reached().accept(next);
                steps.check();
                continue;
            }
            long at = next;
            next = Math.min(extent.end(), at / run * run + run);
            steps.reached().accept(next);
            decompressed += next - at;
            runs++;
            if (decompressed > allowed) {
                stopped = true;
                inspection.found(
                        Rule.DECOMPRESSION_RATIO,
                        Place.guest(at),
                        "Compressed data becomes more than " + allowed + " bytes, more than "
                                + policy.limit(Rule.DECOMPRESSION_RATIO)
                                + " times the bytes of the file; the rest was not decompressed");
                return -1;
            }
            return at;
        }
        return -1;
    }

    /** The extent at an offset; null where its table is unreadable, which is told and stepped over. */
    private @Nullable Extent extentAt(long offset) throws IOException {
        Extent known = current;
        if (known != null && known.guestOffset() <= offset && offset < known.end()) {
            return known;
        }
        try {
            current = image.extentAt(offset, image.size() - offset, 1);
            if (++extents > mostExtents) {
                stopped = true;
                inspection.found(
                        Rule.CORRUPTION,
                        Place.guest(offset),
                        "The image has more than " + mostExtents
                                + " extents, for which its file has no room: tables are"
                                + " shared; the rest was not looked at");
                return null;
            }
            return current;
        } catch (ImageException damaged) {
            if (damaged.kind() == ErrorKind.CLOSED) {
                throw damaged;
            }
            failed(Rule.UNREADABLE, offset, damaged);
            next = Math.min(image.size(), offset / run * run + run);
            steps.check();
            return null;
        }
    }

    private void inside(Extent extent) {
        String name = extent.hostFile();
        Long length = name == null ? null : lengths.get(name);
        long offset = extent.hostOffset();
        if (offset == Extent.NO_HOST_OFFSET || !extent.data() || length == null) {
            return;
        }
        // A plain disk's last sector need not be written to its end; it lies where the guest sees it.
        long slack = offset == extent.guestOffset() && extent.end() == image.size() ? SECTOR - 1 : 0;
        if (offset >= length || offset + extent.length() - length > slack) {
            inspection.found(
                    Rule.TRUNCATED,
                    Place.guest(extent.guestOffset()),
                    "The guest's data lies at " + offset + " to " + (offset + extent.length())
                            + " of the file, which ends at " + length);
        }
    }

    private synchronized void stop() {
        stopped = true;
    }
}
