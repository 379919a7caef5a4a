package io.jimg.nbd;

import java.nio.charset.StandardCharsets;

/** Texts inside of URIs (RFC 3986, section 2). */
final class UriText {
    private static final String UNRESERVED = "-._~/";

    private UriText() {}

    /** With all bytes but letters, digits and some signs as {@code %} and two digits. */
    static String encode(String text) {
        StringBuilder encoded = new StringBuilder();
        for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
            char letter = (char) (each & 0xff);
            boolean plain = letter >= 'a' && letter <= 'z'
                    || letter >= 'A' && letter <= 'Z'
                    || letter >= '0' && letter <= '9'
                    || UNRESERVED.indexOf(letter) >= 0;
            encoded.append(plain ? String.valueOf(letter) : String.format("%%%02X", (int) letter));
        }
        return encoded.toString();
    }
}
