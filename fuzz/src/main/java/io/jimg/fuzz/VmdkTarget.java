package io.jimg.fuzz;

import java.util.List;

/** VMDKs, descriptors and sparse files alike: read by one half of the inputs, changed by the other. */
public final class VmdkTarget {
    private static final List<Seed> SEEDS = Seed.vmdk();

    private VmdkTarget() {}

    /** One run: a disk by the input and what is done with it. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        Bounds.run(() -> one(bytes));
    }

    private static void one(byte[] bytes) {
        FuzzInput input = new FuzzInput(bytes);
        Seed seed = SEEDS.get(input.below(SEEDS.size()));
        int mode = input.next();
        byte[] image = Mutation.of(input, seed.image());
        Specimen specimen =
                Specimen.among(seed.files(), seed.name(), image, (mode & 1) == 0 ? "vmdk" : null, (mode & 6) != 0);
        if ((mode & 8) == 0) {
            Reading.all(specimen, mode);
        } else {
            Changing.all(specimen, input);
        }
    }
}
