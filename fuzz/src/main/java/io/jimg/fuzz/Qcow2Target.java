package io.jimg.fuzz;

import java.util.List;

/** qcow2 images that are only read. */
public final class Qcow2Target {
    private static final List<Seed> SEEDS = Seed.qcow2();

    private Qcow2Target() {}

    /** One run: an image by the input, opened, told about, mapped, read and checked. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        Bounds.run(() -> one(bytes));
    }

    private static void one(byte[] bytes) {
        Reading.all(specimen(new FuzzInput(bytes)), bytes.length < 2 ? 0 : bytes[1]);
    }

    /** The image that an input's beginning describes, and how it is opened. */
    static Specimen specimen(FuzzInput input) {
        Seed seed = SEEDS.get(input.below(SEEDS.size()));
        int mode = input.next();
        byte[] image = Mutation.of(input, seed.image());
        Specimen specimen =
                Specimen.among(seed.files(), seed.name(), image, (mode & 1) == 0 ? "qcow2" : null, (mode & 2) == 0);
        return seed.name().startsWith("encrypted") ? specimen.withSecret("jimg", "encrypt.key-secret") : specimen;
    }
}
