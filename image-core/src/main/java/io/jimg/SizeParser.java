package io.jimg;

import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/** Reads sizes as QEMU does. */
final class SizeParser {
    private static final String SUFFIXES = "BKMGTPE";
    private static final int BITS_A_SUFFIX = 10;

    private SizeParser() {}

    /** As {@link OptionType#parseSize}. */
    static long parse(String text) {
        BigInteger size = read(text);
        if (size == null) {
            return OptionType.SIZE_MALFORMED;
        }
        return size.signum() < 0 || size.bitLength() >= Long.SIZE ? OptionType.SIZE_TOO_LARGE : size.longValue();
    }

    /** A size of any magnitude; negative for a negative whole number, null for what is no size. */
    static @Nullable BigInteger read(String text) {
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
            return endOfDigits(text, start) == text.length() && start < text.length() ? BigInteger.ONE.negate() : null;
        }
        if (text.startsWith("0x", start) || text.startsWith("0X", start)) {
            return hexadecimal(text, start + 2);
        }
        return decimal(text, start);
    }

    private static @Nullable BigInteger hexadecimal(String text, int start) {
        for (int i = start; i < text.length(); i++) {
            if (text.charAt(i) >= 128 || Character.digit(text.charAt(i), 16) < 0) {
                return null;
            }
        }
        return start == text.length() ? null : new BigInteger(text.substring(start), 16);
    }

    private static @Nullable BigInteger decimal(String text, int start) {
        int wholeEnd = endOfDigits(text, start);
        int fractionStart = text.startsWith(".", wholeEnd) ? wholeEnd + 1 : wholeEnd;
        int end = endOfDigits(text, fractionStart);
        int shift = 0;
        if (end + 1 == text.length()) {
            int suffix = SUFFIXES.indexOf(Character.toUpperCase(text.charAt(end)));
            if (suffix < 0) {
                return null;
            }
            shift = BITS_A_SUFFIX * suffix;
        } else if (end != text.length()) {
            return null;
        }
        if (wholeEnd == start && end == fractionStart) {
            return null;
        }
        double fraction = end == fractionStart ? 0 : Double.parseDouble("0." + text.substring(fractionStart, end));
        if (shift == 0 && fraction < 1 && hasNonZero(text, fractionStart, end)) {
            return null;
        }
        return scaled(text.substring(start, wholeEnd), fraction, shift);
    }

    private static BigInteger scaled(String wholeDigits, double fraction, int shift) {
        BigInteger whole = wholeDigits.isEmpty() ? BigInteger.ZERO : new BigInteger(wholeDigits);
        long part = (long) (fraction * (1L << shift) + 0.5);
        return whole.shiftLeft(shift).add(BigInteger.valueOf(part));
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
