package io.jimg.crypto;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A key slot as a LUKS header describes it.
 *
 * @param active whether it holds the master key under some passphrase
 * @param iterations of PBKDF2; 0 in a slot that is not active
 * @param salt {@link #SALT_LENGTH} bytes
 * @param keyOffset where its key material begins, in bytes from the header's start
 */
public record LuksKeySlot(boolean active, long iterations, byte[] salt, long keyOffset) {
    /** Bytes of a salt. */
    public static final int SALT_LENGTH = 32;

    /** How many stripes a key is split into; no other number is legal here. */
    public static final int STRIPES = 4000;

    /** A slot that was never used. */
    static LuksKeySlot unused(long keyOffset) {
        return new LuksKeySlot(false, 0, new byte[SALT_LENGTH], keyOffset);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof LuksKeySlot slot
                && slot.active == active
                && slot.iterations == iterations
                && slot.keyOffset == keyOffset
                && Arrays.equals(slot.salt, salt);
    }

    @Override
    public int hashCode() {
        return Objects.hash(active, iterations, keyOffset, Arrays.hashCode(salt));
    }
}
