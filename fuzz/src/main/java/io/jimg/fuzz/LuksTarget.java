package io.jimg.fuzz;

import java.util.List;

/** LUKS volumes. */
public final class LuksTarget {
    private static final List<Seed> SEEDS = Seed.luks();

    private LuksTarget() {}

    /** One run: a volume by the input, read or changed. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        FuzzInput input = new FuzzInput(bytes);
        Seed seed = SEEDS.get(input.below(SEEDS.size()));
        int mode = input.next();
        byte[] image = Mutation.of(input, seed.image());
        Specimen specimen = Specimen.alone(image, (mode & 1) == 0 ? "luks" : null);
        if ((mode & 1) == 0) {
            specimen.withSecret("geheim", "key-secret");
        }
        if ((mode & 8) == 0) {
            Reading.all(specimen);
        } else {
            Changing.all(specimen, input);
        }
    }
}
