package io.jimg.fuzz;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.OpenOptions;
import io.jimg.capability.BackingLink;
import io.jimg.capability.Bitmaps;
import io.jimg.capability.Checkable;
import io.jimg.capability.CompressedRuns;
import io.jimg.capability.DirtyRuns;
import io.jimg.capability.Snapshots;
import io.jimg.capability.VmState;
import io.jimg.ops.Check;
import io.jimg.ops.Info;
import io.jimg.ops.MapExtents;
import io.jimg.spi.JsonWriter;
import java.io.IOException;
import java.nio.ByteBuffer;

/** What a user does with an image without changing it, each step within its bounds. */
final class Reading {
    private static final int PIECE = 64 << 10;

    /** A map is cancelled after so many runs. */
    private static final int MOST_RUNS = 2000;

    /** Of a larger disk some places are read. */
    private static final long WHOLE = 4 << 20;

    private Reading() {}

    /**
     * Looks at an image in every way.
     *
     * @param mode whether it is validated (16) instead, and whether it is opened within the limits for strangers (32)
     */
    static void all(Specimen specimen, int mode) {
        specimen.withLimits((mode & 32) != 0);
        if ((mode & 16) != 0) {
            Bounds.within("validate", 25, 1500, specimen::validate);
            specimen.requireNothingElseTouched();
            return;
        }
        inspect(specimen);
        Bounds.within("open and read", 20, 2000, () -> {
            try (DiskImage image = specimen.open(specimen.options())) {
                map(image);
                content(image);
                compressedRuns(image);
                parts(image);
            }
        });
        check(specimen);
        specimen.requireNothingElseTouched();
    }

    /** Opens it for its metadata alone, and asks for all that {@code info} shows. */
    static void inspect(Specimen specimen) {
        OpenOptions options =
                specimen.optionsWithoutSecret().withInspectOnly(true).withBacking(false);
        Bounds.within("open and info", 5, 300, () -> {
            try (DiskImage image = specimen.open(options)) {
                Bounds.within(
                        "info", 5, 200, () -> JsonWriter.pretty(Info.of(image).doc()));
                image.capability(BackingLink.class).ifPresent(BackingLink::resolvedBackingName);
            }
        });
    }

    /** Opens it to be checked, and checks it. */
    static void check(Specimen specimen) {
        Bounds.within("check", 20, 700, () -> {
            try (DiskImage image = specimen.open(
                    specimen.optionsWithoutSecret().withToCheck(true).withInspectOnly(true))) {
                if (image.capability(Checkable.class).isPresent()) {
                    Check.of(image).run();
                }
            }
        });
    }

    private static void map(DiskImage image) {
        Bounds.within("map", 8, 400, () -> {
            long[] next = {0, 0};
            Job<?>[] job = new Job<?>[1];
            job[0] = new MapExtents(image).forEach(extent -> {
                requireOrder(extent, next[0], image.size());
                next[0] = extent.end();
                if (++next[1] == MOST_RUNS) {
                    job[0].cancel();
                } else if (next[1] > MOST_RUNS + 2) {
                    throw new BrokenPromise("a map goes on after it was cancelled");
                }
            });
            try {
                job[0].run();
            } catch (ImageException failure) {
                if (failure.kind() == ErrorKind.CANCELLED && next[1] < MOST_RUNS) {
                    throw new BrokenPromise("a map was cancelled by itself");
                }
                throw failure;
            }
            if (next[0] != image.size()) {
                throw new BrokenPromise("a map ends at " + next[0] + " of " + image.size());
            }
        });
    }

    private static void requireOrder(Extent extent, long expected, long size) {
        if (extent.guestOffset() != expected || extent.end() > size || extent.end() <= expected) {
            throw new BrokenPromise(extent + " is told where a run at " + expected + " of " + size + " was asked for");
        }
    }

    private static void content(DiskImage image) {
        long size = image.size();
        if (size <= WHOLE) {
            for (long at = 0; at < size; at += PIECE) {
                readAt(image, at, (int) Math.min(PIECE, size - at));
            }
            return;
        }
        long[] places = {0, PIECE + 1, 2L << 20, size / 3, size / 2 - 17, size - PIECE - 1, size - PIECE};
        for (long place : places) {
            readAt(image, place, PIECE);
        }
    }

    private static void readAt(DiskImage image, long guestOffset, int length) {
        if (length == 0) {
            return;
        }
        Bounds.within("read", 8, 100, () -> image.read(ByteBuffer.allocate(length), guestOffset));
        Bounds.within("extentAt", 8, 100, () -> {
            Extent extent = image.extentAt(guestOffset, length, 1);
            requireOrder(extent, guestOffset, guestOffset + length);
        });
    }

    private static void compressedRuns(DiskImage image) {
        image.capability(CompressedRuns.class).ifPresent(runs -> {
            ByteBuffer plain = ByteBuffer.allocate(runs.runLength());
            ByteBuffer stream = ByteBuffer.allocate(runs.runLength());
            for (int i = 0; i < 4; i++) {
                long guestOffset = (long) i * runs.runLength();
                if (guestOffset + runs.runLength() <= image.size()) {
                    Bounds.within(
                            "read compressed", 4, 100, () -> runs.readRun(guestOffset, plain.clear(), stream.clear()));
                }
            }
        });
    }

    /** Snapshots, bitmaps and the state of a machine. */
    private static void parts(DiskImage image) throws IOException {
        if (image.capability(Snapshots.class).isPresent()) {
            Snapshots snapshots = image.capability(Snapshots.class).get();
            int most = 3;
            for (Snapshots.Snapshot snapshot : snapshots.list()) {
                if (most-- == 0) {
                    break;
                }
                Bounds.within("open a snapshot", 10, 300, () -> {
                    try (DiskImage old = snapshots.open(snapshot.id())) {
                        readAt(old, 0, (int) Math.min(PIECE, old.size()));
                        map(old);
                    }
                });
            }
        }
        if (image.capability(Bitmaps.class).isPresent()) {
            Bitmaps bitmaps = image.capability(Bitmaps.class).get();
            for (Bitmaps.Bitmap bitmap : bitmaps.list()) {
                Bounds.within("read a bitmap", 10, 300, () -> walk(bitmaps.read(bitmap.name())));
            }
        }
        image.capability(VmState.class)
                .ifPresent(state ->
                        Bounds.within("read a state", 8, 100, () -> state.read(ByteBuffer.allocate(PIECE), 0)));
    }

    private static void walk(DirtyRuns runs) throws IOException {
        long at = 0;
        for (int i = 0; i < 1000 && at < runs.size(); i++) {
            long dirty = runs.nextDirty(at);
            if (dirty >= runs.size()) {
                return;
            }
            long clean = runs.nextClean(dirty);
            if (dirty < at || clean <= dirty) {
                throw new BrokenPromise("dirty from " + dirty + " to " + clean + ", asked at " + at);
            }
            at = clean;
        }
    }
}
