package io.jimg.cli.text;

/** Percentages as C's {@code %.2f} writes them. */
public final class Percent {
    private Percent() {}

    /**
     * Text such as {@code 4.69}.
     *
     * @param percent not negative
     */
    public static String text(double percent) {
        long hundredths = (long) Math.rint(percent * 100);
        String fraction = Long.toString(100 + hundredths % 100).substring(1);
        return hundredths / 100 + "." + fraction;
    }
}
