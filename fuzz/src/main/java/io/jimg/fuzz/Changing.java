package io.jimg.fuzz;

import io.jimg.DiskImage;
import io.jimg.OpenOptions;
import io.jimg.Options;
import io.jimg.WriteFlag;
import io.jimg.ZeroMode;
import io.jimg.capability.Amendable;
import io.jimg.capability.Bitmaps;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Checkable;
import io.jimg.capability.Rebasable;
import io.jimg.capability.Repairable;
import io.jimg.capability.Resizable;
import io.jimg.capability.Snapshots;
import io.jimg.ops.Check;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ImageFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Optional;

/** What a user does to an image that changes it, step by step as an input says. */
final class Changing {
    private static final int PIECE = 96 << 10;
    private static final int MOST_STEPS = 12;
    /** MiB that one step may allocate, and all of them with the opening. */
    private static final int STEP_MEMORY = 500;

    private static final int WHOLE_MEMORY = 300 + MOST_STEPS * STEP_MEMORY;

    private Changing() {}

    /** Changes an image in some ways, or repairs it first. */
    static void all(Specimen specimen, FuzzInput input) {
        boolean repair = input.below(3) == 0;
        boolean sound = !repair && isSound(specimen);
        if (repair) {
            repair(specimen);
        }
        OpenOptions options = specimen.options().withWritable(true);
        boolean done = Bounds.within("open and change", 25, WHOLE_MEMORY, () -> {
            try (DiskImage image = specimen.open(options)) {
                int steps = 1 + input.below(MOST_STEPS);
                for (int i = 0; i < steps; i++) {
                    Bounds.within("a change", 15, STEP_MEMORY, () -> step(image, input));
                }
            }
        });
        if (sound && done && specimen.files().traffic().roomLeft()) {
            requireSound(specimen);
        }
        specimen.requireNothingElseTouched();
    }

    private static boolean isSound(Specimen specimen) {
        boolean[] sound = new boolean[1];
        Bounds.within(
                "check",
                20,
                700,
                () -> sound[0] = check(specimen).map(CheckReport::clean).orElse(false));
        return sound[0];
    }

    private static Optional<CheckReport> check(Specimen specimen) throws IOException {
        OpenOptions options = specimen.optionsWithoutSecret()
                .withToCheck(true)
                .withInspectOnly(true)
                .withBacking(false);
        try (DiskImage image = specimen.open(options)) {
            return image.capability(Checkable.class).isPresent()
                    ? Optional.of(Check.of(image).run())
                    : Optional.empty();
        }
    }

    /** An image without a fault has none after it was changed, either. */
    private static void requireSound(Specimen specimen) {
        try {
            Optional<CheckReport> report = check(specimen);
            if (report.isPresent() && report.get().corruptions() > 0) {
                throw new BrokenPromise("a sound image is corrupt after changes: " + report.get());
            }
        } catch (IOException failure) {
            throw new BrokenPromise("a sound image cannot be checked after changes: " + failure);
        }
    }

    private static void repair(Specimen specimen) {
        Bounds.within("repair", 25, 900, () -> {
            try (DiskImage image = specimen.open(
                    specimen.optionsWithoutSecret().withWritable(true).withToCheck(true))) {
                if (image.capability(Repairable.class).isPresent()) {
                    Check.repair(image, Repairable.Mode.ALL).run();
                }
            }
        });
    }

    private static void step(DiskImage image, FuzzInput input) throws IOException {
        long size = image.size();
        long at = size == 0 ? 0 : Math.floorMod(input.oneOf(0L, 1L, 511L, 65536L, input.next64(), size - 1), size);
        int length = (int) Math.min(input.oneOf(1, 512, 4096, 65536, PIECE), size - at);
        switch (input.below(14)) {
            case 0, 1, 2 -> image.write(filled(length, input.next()), at);
            case 3 -> image.write(filled(length, input.next()), at, WriteFlag.FUA);
            case 4 -> image.writeZeroes(at, length, input.oneOf(ZeroMode.values()));
            case 5 -> image.discard(at, length);
            case 6 -> image.read(ByteBuffer.allocate(length), at);
            case 7 -> image.flush();
            case 8 -> snapshots(image, input);
            case 9 -> bitmaps(image, input);
            case 10 -> resize(image, input);
            case 11 -> amend(image, input);
            case 12 -> rebase(image, input);
            default -> image.discard(at, Math.min(size - at, 1L << 30));
        }
    }

    private static ByteBuffer filled(int length, int value) {
        byte[] bytes = new byte[length];
        java.util.Arrays.fill(bytes, (byte) value);
        return ByteBuffer.wrap(bytes);
    }

    private static void snapshots(DiskImage image, FuzzInput input) throws IOException {
        Optional<Snapshots> found = image.capability(Snapshots.class);
        if (found.isPresent()) {
            Snapshots snapshots = found.get();
            String name = input.oneOf("1", "2", "first", "a");
            switch (input.below(3)) {
                case 0 -> snapshots.create(name, Instant.EPOCH);
                case 1 -> snapshots.apply(name);
                default -> snapshots.delete(name);
            }
        }
    }

    private static void bitmaps(DiskImage image, FuzzInput input) throws IOException {
        Optional<Bitmaps> found = image.capability(Bitmaps.class);
        if (found.isPresent()) {
            Bitmaps bitmaps = found.get();
            int which = input.next();
            String name =
                    which < bitmaps.list().size() ? bitmaps.list().get(which).name() : "new";
            switch (input.below(6)) {
                case 0 -> bitmaps.add(name, input.oneOf(512L, 65536L, 1L << 31), true);
                case 1 -> bitmaps.remove(name);
                case 2 -> bitmaps.clear(name);
                case 3 -> bitmaps.enable(name);
                case 4 -> bitmaps.disable(name);
                default -> bitmaps.merge(name, bitmaps.read(name));
            }
        }
    }

    private static void resize(DiskImage image, FuzzInput input) throws IOException {
        Optional<Resizable> found = image.capability(Resizable.class);
        if (found.isPresent()) {
            long size = image.size();
            long wanted = input.oneOf(0L, 512L, 1L << 20, size / 2, size + 512, size + (1 << 20), 1L << 40, 1L << 62);
            Resizable.Preallocation preallocation =
                    wanted <= 8L << 20 ? input.oneOf(Resizable.Preallocation.values()) : Resizable.Preallocation.OFF;
            found.get().resize(wanted, preallocation, (input.next() & 1) == 0).run();
        }
    }

    private static final String[][] AMENDMENTS = {
        {"compat", "0.10"},
        {"compat", "1.1"},
        {"refcount_bits", "1"},
        {"refcount_bits", "16"},
        {"refcount_bits", "64"},
        {"lazy_refcounts", "on"},
        {"lazy_refcounts", "off"},
        {"data_file_raw", "on"},
        {"backing_file", ""}
    };

    private static void amend(DiskImage image, FuzzInput input) throws IOException {
        Optional<Amendable> found = image.capability(Amendable.class);
        if (found.isPresent()) {
            ImageFormat format = io.jimg.Images.standard().format(image.format());
            String[] option = input.oneOf(AMENDMENTS);
            Options options = format.amendSchema().parse(DottedOptions.EMPTY.with(option[0], option[1]));
            found.get().amend(options, false).run();
        }
    }

    private static void rebase(DiskImage image, FuzzInput input) throws IOException {
        Optional<Rebasable> found = image.capability(Rebasable.class);
        if (found.isPresent()) {
            String name = input.oneOf("", "base.raw", "json:{}", "x".repeat(1023));
            found.get().changeBacking(name.isEmpty() ? null : name, name.isEmpty() ? null : "raw");
        }
    }
}
