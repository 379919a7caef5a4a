package io.jimg.fuzz;

/** qcow2 images that are written, changed and repaired. */
public final class Qcow2ChangesTarget {
    private Qcow2ChangesTarget() {}

    /** One run: an image as {@link Qcow2Target} makes it, and changes by the rest of the input. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        Bounds.run(() -> one(bytes));
    }

    private static void one(byte[] bytes) {
        FuzzInput input = new FuzzInput(bytes);
        Changing.all(Qcow2Target.specimen(input), input);
    }
}
