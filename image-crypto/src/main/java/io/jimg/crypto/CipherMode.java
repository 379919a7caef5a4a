package io.jimg.crypto;

/** How a block cipher is used on a sector. */
public enum CipherMode {
    /** Each block by itself: equal blocks show. */
    ECB("ecb", 1),
    /** Each block joined with the one before, from the sector's IV (NIST SP 800-38A). */
    CBC("cbc", 1),
    /**
     * XEX with a tweak for each block and a key of twice the length (IEEE 1619); sectors are whole blocks, so nothing
     * is stolen.
     */
    XTS("xts", 2),
    /** A stream made from a counter that starts at the sector's IV (NIST SP 800-38A). */
    CTR("ctr", 1);

    private final String text;
    private final int keys;

    CipherMode(String text, int keys) {
        this.text = text;
        this.keys = keys;
    }

    /** The name in options and headers. */
    public String text() {
        return text;
    }

    /** How many keys of the cipher the mode takes. */
    int keys() {
        return keys;
    }
}
