package io.jimg.testkit;

import java.util.Arrays;

/** Compares long arrays of bytes, and tells the first difference instead of all bytes. */
final class Contents {
    private Contents() {}

    /** Fails unless both hold the same. */
    static void assertEqual(Object what, byte[] actual, byte[] expected) {
        int at = Arrays.mismatch(actual, expected);
        if (at < 0) {
            return;
        }
        if (at == actual.length || at == expected.length) {
            throw new AssertionError(what + ": " + actual.length + " bytes instead of " + expected.length);
        }
        throw new AssertionError(what + ": byte " + at + " is " + actual[at] + " instead of " + expected[at]);
    }

    /** Runs of equal bytes, one after the other: a length, the value of so many bytes, a length, and so on. */
    static byte[] runs(int... lengthsAndValues) {
        int length = 0;
        for (int i = 0; i < lengthsAndValues.length; i += 2) {
            length += lengthsAndValues[i];
        }
        byte[] content = new byte[length];
        int at = 0;
        for (int i = 0; i < lengthsAndValues.length; i += 2) {
            Arrays.fill(content, at, at + lengthsAndValues[i], (byte) lengthsAndValues[i + 1]);
            at += lengthsAndValues[i];
        }
        return content;
    }
}
