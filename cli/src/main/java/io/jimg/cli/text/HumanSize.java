package io.jimg.cli.text;

/** Numbers of bytes as people read them: three significant digits and a power of 1024. */
public final class HumanSize {
    private static final String[] UNITS = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};

    private HumanSize() {}

    /**
     * Text such as {@code 3.26 MiB}, as C's {@code %.3g} rounds. From 1000 of a unit on, the next one is used
     * ({@code 0.977 KiB}), save for the last half below 1000, which rounds up to {@code 1e+03}.
     *
     * @param bytes not negative
     */
    public static String of(long bytes) {
        int unit = 0;
        double value = bytes;
        while (value >= 1000 && unit + 1 < UNITS.length) {
            value /= 1024;
            unit++;
        }
        return threeDigits(value) + ' ' + UNITS[unit] + 'B';
    }

    private static String threeDigits(double value) {
        int decimals = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
        long scale = 1;
        for (int i = 0; i < decimals; i++) {
            scale *= 10;
        }
        long scaled = (long) Math.rint(value * scale);
        if (scaled >= 1000 * scale) {
            return "1e+03";
        }
        String whole = Long.toString(scaled / scale);
        if (scaled % scale == 0) {
            return whole;
        }
        String fraction = Long.toString(scale + scaled % scale).substring(1);
        int end = fraction.length();
        while (fraction.charAt(end - 1) == '0') {
            end--;
        }
        return whole + '.' + fraction.substring(0, end);
    }
}
