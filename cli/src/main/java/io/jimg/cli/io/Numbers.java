package io.jimg.cli.io;

import io.jimg.OptionType;

/** Numbers as the commands' words have them, and as results print them. */
final class Numbers {
    /** The largest request in one piece: what a 32-bit length holds, in whole sectors. */
    static final long LARGEST_REQUEST = 0x7fff_fe00L;

    /** Bytes of a sector. */
    static final int SECTOR = 512;

    private static final String[] UNITS = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

    private Numbers() {}

    /** A number of bytes, with a suffix or without. */
    static long size(String word) throws IoFailure {
        long value = OptionType.parseSize(word);
        if (value == OptionType.SIZE_MALFORMED) {
            throw IoFailure.result("Parsing error: non-numeric argument, or extraneous/unrecognized suffix -- " + word);
        }
        if (value == OptionType.SIZE_TOO_LARGE) {
            throw IoFailure.result("Parsing error: argument too large -- " + word);
        }
        return value;
    }

    /** The length of a request that is made in one piece. */
    static int length(String word) throws IoFailure {
        long length = size(word);
        if (length > LARGEST_REQUEST) {
            throw IoFailure.result("length cannot exceed " + LARGEST_REQUEST + ", given " + word);
        }
        return (int) length;
    }

    /** A byte to fill with: decimal, octal or hexadecimal as in C. */
    static byte pattern(String word) throws IoFailure {
        long value = integer(word);
        if (value < 0 || value > 0xff) {
            throw IoFailure.result(word + " is not a valid pattern byte");
        }
        return (byte) value;
    }

    /** A number that is not negative, as C writes it; -1 where the word is none. */
    static long integer(String word) {
        if (word.startsWith("#") || word.startsWith("-")) {
            return -1;
        }
        try {
            return Long.decode(word);
        } catch (NumberFormatException none) {
            return -1;
        }
    }

    /**
     * Text such as {@code 3.875 MiB}: the largest unit that there is one of, and three digits behind the point if any
     * is not 0.
     */
    static String text(double bytes) {
        int unit = 0;
        double value = bytes;
        while (value >= 1024 && unit + 1 < UNITS.length) {
            value /= 1024;
            unit++;
        }
        int digits = unit == 0 ? 6 : 3;
        String text = fixed(value, digits);
        String none = ".000000".substring(0, digits + 1);
        return (text.endsWith(none) ? text.substring(0, text.length() - none.length()) : text) + ' ' + UNITS[unit];
    }

    /** A number with so many digits behind the point. */
    static String fixed(double value, int digits) {
        long scale = 1;
        for (int i = 0; i < digits; i++) {
            scale *= 10;
        }
        long scaled = Math.round(value * scale);
        return scaled / scale + "." + Long.toString(scale + scaled % scale).substring(1);
    }

    /** Hexadecimal digits, zeroes before them. */
    static String hex(long value, int digits) {
        StringBuilder text = new StringBuilder(Long.toHexString(value));
        while (text.length() < digits) {
            text.insert(0, '0');
        }
        return text.toString();
    }
}
