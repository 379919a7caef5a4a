package io.jimg.crypto;

/** How a sector's initialisation vector comes from its number. */
public enum IvGenerator {
    /** The low 32 bits of the number, little-endian, then zeroes. */
    PLAIN("plain"),
    /** The number as 64 bits, little-endian, then zeroes. */
    PLAIN64("plain64"),
    /** As {@link #PLAIN64}, encrypted with a hash of the key. */
    ESSIV("essiv");

    private final String text;

    IvGenerator(String text) {
        this.text = text;
    }

    /** The name in options and headers. */
    public String text() {
        return text;
    }
}
