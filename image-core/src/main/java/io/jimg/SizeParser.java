package io.jimg;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/** The text of a number of bytes. */
final class SizeParser {
    /** More digits than any size has; bounds the arithmetic on a stranger's text. */
    private static final int MAXIMUM_LENGTH = 64;

    private static final BigDecimal MAXIMUM = BigDecimal.valueOf(Long.MAX_VALUE);
    private static final String UNITS = "BKMGTPE";

    private SizeParser() {}

    static long parse(String text) {
        String trimmed = text.stripLeading();
        boolean negative = trimmed.startsWith("-");
        if (negative || trimmed.startsWith("+")) {
            trimmed = trimmed.substring(1);
        }
        if (trimmed.isEmpty() || trimmed.length() > MAXIMUM_LENGTH) {
            return OptionType.SIZE_MALFORMED;
        }
        BigDecimal bytes = trimmed.startsWith("0x") || trimmed.startsWith("0X")
                ? hexadecimal(trimmed.substring(2))
                : decimal(trimmed);
        if (bytes == null) {
            return OptionType.SIZE_MALFORMED;
        }
        return bytes.compareTo(MAXIMUM) > 0 || (negative && bytes.signum() != 0)
                ? OptionType.SIZE_TOO_LARGE
                : bytes.longValue();
    }

    private static @Nullable BigDecimal hexadecimal(String digits) {
        for (int i = 0; i < digits.length(); i++) {
            if (Character.digit(digits.charAt(i), 16) < 0) {
                return null;
            }
        }
        return digits.isEmpty() ? null : new BigDecimal(new BigInteger(digits, 16));
    }

    private static @Nullable BigDecimal decimal(String text) {
        int unit = UNITS.indexOf(Character.toUpperCase(text.charAt(text.length() - 1)));
        String number = unit < 0 ? text : text.substring(0, text.length() - 1);
        int point = number.indexOf('.');
        String whole = point < 0 ? number : number.substring(0, point);
        String fraction = point < 0 ? "" : number.substring(point + 1);
        if (whole.isEmpty() && fraction.isEmpty() || !digits(whole) || !digits(fraction)) {
            return null;
        }
        BigDecimal value = new BigDecimal(whole + "." + fraction + "0");
        if (unit <= 0 && value.stripTrailingZeros().scale() > 0) {
            return null;
        }
        return value.multiply(BigDecimal.valueOf(1L << (10 * Math.max(unit, 0)))).setScale(0, RoundingMode.HALF_UP);
    }

    private static boolean digits(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return true;
    }
}
