package io.jimg;

/** Reads sizes as QEMU does. */
final class SizeParser {
    private static final String SUFFIXES = "BKMGTPE";
    private static final int BITS_A_SUFFIX = 10;

    private SizeParser() {}

    /** As {@link OptionType#parseSize}. */
    static long parse(String text) {
        int start = 0;
        while (start < text.length() && isSpace(text.charAt(start))) {
            start++;
        }
        boolean negative = text.startsWith("-", start);
        if (negative || text.startsWith("+", start)) {
            start++;
        }
        if (negative) {
            // Out of range as a number; no number at all with a fraction or a suffix.
            return endOfDigits(text, start) == text.length() && start < text.length()
                    ? OptionType.SIZE_TOO_LARGE
                    : OptionType.SIZE_MALFORMED;
        }
        if (text.startsWith("0x", start) || text.startsWith("0X", start)) {
            return hexadecimal(text, start + 2);
        }
        return decimal(text, start);
    }

    private static long hexadecimal(String text, int start) {
        if (start == text.length()) {
            return OptionType.SIZE_MALFORMED;
        }
        long value = 0;
        boolean overflow = false;
        for (int i = start; i < text.length(); i++) {
            char c = text.charAt(i);
            int digit = c < 128 ? Character.digit(c, 16) : -1;
            if (digit < 0) {
                return OptionType.SIZE_MALFORMED;
            }
            overflow |= value >>> (Long.SIZE - 1 - 4) != 0;
            value = value << 4 | digit;
        }
        return overflow ? OptionType.SIZE_TOO_LARGE : value;
    }

    private static long decimal(String text, int start) {
        int wholeEnd = endOfDigits(text, start);
        int fractionStart = text.startsWith(".", wholeEnd) ? wholeEnd + 1 : wholeEnd;
        int end = endOfDigits(text, fractionStart);
        int shift = 0;
        if (end + 1 == text.length()) {
            int suffix = SUFFIXES.indexOf(Character.toUpperCase(text.charAt(end)));
            if (suffix < 0) {
                return OptionType.SIZE_MALFORMED;
            }
            shift = BITS_A_SUFFIX * suffix;
        } else if (end != text.length()) {
            return OptionType.SIZE_MALFORMED;
        }
        if (wholeEnd == start && end == fractionStart) {
            return OptionType.SIZE_MALFORMED;
        }
        double fraction = end == fractionStart ? 0 : Double.parseDouble("0." + text.substring(fractionStart, end));
        if (shift == 0 && fraction < 1 && hasNonZero(text, fractionStart, end)) {
            return OptionType.SIZE_MALFORMED;
        }
        return scaled(text.substring(start, wholeEnd), fraction, shift);
    }

    private static long scaled(String wholeDigits, double fraction, int shift) {
        try {
            long whole = wholeDigits.isEmpty() ? 0 : Long.parseLong(wholeDigits);
            long unit = 1L << shift;
            long part = (long) (fraction * unit + 0.5);
            return Math.addExact(Math.multiplyExact(whole, unit), part);
        } catch (ArithmeticException | NumberFormatException overflow) {
            return OptionType.SIZE_TOO_LARGE;
        }
    }

    private static boolean hasNonZero(String text, int start, int end) {
        for (int i = start; i < end; i++) {
            if (text.charAt(i) != '0') {
                return true;
            }
        }
        return false;
    }

    private static int endOfDigits(String text, int start) {
        int i = start;
        while (i < text.length() && text.charAt(i) >= '0' && text.charAt(i) <= '9') {
            i++;
        }
        return i;
    }

    private static boolean isSpace(char c) {
        return c == ' ' || c >= '\t' && c <= '\r';
    }
}
