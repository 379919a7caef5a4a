package io.jimg.qcow2.mapping;

/** Numbers as QEMU's sentences on damage write them. */
final class Hex {
    private Hex() {}

    /** Hexadecimal with a prefix, which zero has not. */
    static String of(long number) {
        return number == 0 ? "0" : "0x" + Long.toHexString(number);
    }
}
