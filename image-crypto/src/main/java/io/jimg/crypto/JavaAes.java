package io.jimg.crypto;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/** AES as Java has it: with the processor's own instructions, which pay off where many blocks are given at once. */
final class JavaAes implements BlockCipher {
    private final Cipher cipher;

    JavaAes(byte[] key, boolean encrypting) {
        try {
            cipher = Cipher.getInstance("AES/ECB/NoPadding");
            cipher.init(encrypting ? Cipher.ENCRYPT_MODE : Cipher.DECRYPT_MODE, new SecretKeySpec(key, "AES"));
        } catch (GeneralSecurityException missing) {
            throw new IllegalStateException("this Java lacks AES", missing);
        }
    }

    @Override
    public void transform(byte[] bytes, int offset, int length) {
        try {
            int done = cipher.update(bytes, offset, length, bytes, offset);
            if (done != length) {
                Arrays.fill(bytes, offset, offset + length, (byte) 0);
                throw new IllegalStateException("AES gave " + done + " bytes for " + length);
            }
        } catch (GeneralSecurityException tooShort) {
            throw new IllegalStateException(tooShort);
        }
    }
}
