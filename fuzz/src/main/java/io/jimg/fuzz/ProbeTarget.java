package io.jimg.fuzz;

import java.util.Arrays;

/** Whatever bytes there are, as a raw image or as what they look like. */
public final class ProbeTarget {
    private ProbeTarget() {}

    /** One run: a byte that says how, and the image's bytes. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        Bounds.run(() -> one(bytes));
    }

    private static void one(byte[] bytes) {
        if (bytes.length == 0) {
            return;
        }
        byte[] image = Arrays.copyOfRange(bytes, 1, bytes.length);
        Specimen specimen = Specimen.alone(image, (bytes[0] & 1) == 0 ? null : "raw");
        if ((bytes[0] & 2) == 0) {
            Reading.all(specimen, bytes[0]);
        } else {
            Changing.all(specimen, new FuzzInput(image));
        }
    }
}
