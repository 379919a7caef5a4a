package io.jimg.qcow2.header;

/** How guest data is encrypted (specification: "Header", byte 32); the ordinals are the numbers in the header. */
public enum CryptMethod {
    /** Not at all. */
    NONE,
    /** AES-CBC with plain64 vectors, long deprecated. */
    AES,
    /** A LUKS header inside the image. */
    LUKS
}
