package io.jimg.qcow2.encryption;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.Options;
import io.jimg.Secrets;
import io.jimg.crypto.LuksEntropy;
import io.jimg.crypto.LuksParameters;
import io.jimg.crypto.LuksVolume;
import io.jimg.qcow2.Qcow2;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * How a new image shall be encrypted.
 *
 * @param luks what its LUKS header shall be like; null for the old method AES
 */
public record NewEncryption(@Nullable LuksParameters luks) {

    /**
     * Reads what is wanted.
     *
     * @return null for an image that is not encrypted
     * @throws ImageException with QEMU's sentence
     */
    public static @Nullable NewEncryption of(Options options) throws ImageException {
        String format = options.get(Qcow2.ENCRYPT_FORMAT);
        if (Boolean.TRUE.equals(options.get(Qcow2.ENCRYPTION))) {
            if (format != null) {
                throw refused("'encrypt.format' and its alias 'encryption' can't be used at the same time");
            }
            format = "aes";
        }
        if (format == null) {
            for (Option<?> option : Qcow2.LUKS.creation()) {
                if (options.has(option)) {
                    throw refused("Parameter '" + Qcow2.ENCRYPT_FORMAT.name() + "' is missing");
                }
            }
            return null;
        }
        return switch (format) {
            case "luks" -> new NewEncryption(Qcow2.LUKS.parameters(options));
            case "aes" -> legacy(options);
            default -> throw refused("Parameter 'format' does not accept value '" + format + "'");
        };
    }

    private static NewEncryption legacy(Options options) throws ImageException {
        for (Option<?> option : Qcow2.LUKS.creation()) {
            if (options.has(option) && !option.equals(Qcow2.LUKS.keySecret())) {
                throw refused("Parameter '" + option.name() + "' is unexpected");
            }
        }
        return new NewEncryption(null);
    }

    /** Looks whether the passphrase is there. */
    public static void checkSecret(Options options, Secrets secrets) throws ImageException {
        Arrays.fill(Qcow2.LUKS.passphrase(options, secrets), (byte) 0);
    }

    /** Bytes that the LUKS header takes in the image; 0 for the old method. */
    public long headerLength() {
        return luks == null ? 0 : LuksVolume.headerLength(luks.cipher());
    }

    /**
     * Makes the keys, and writes the LUKS header where there is to be one.
     *
     * @param hostOffset where {@link #headerLength} bytes are free
     */
    public ImageCipher create(Storage file, long hostOffset, Options options, Secrets secrets, LuksEntropy entropy)
            throws IOException {
        byte[] passphrase = Qcow2.LUKS.passphrase(options, secrets);
        try {
            return luks == null
                    ? ImageCipher.legacy(passphrase)
                    : ImageCipher.luks(LuksVolume.create(file, hostOffset, luks, passphrase, entropy));
        } finally {
            Arrays.fill(passphrase, (byte) 0);
        }
    }

    private static ImageException refused(String sentence) {
        return new ImageException(ErrorKind.BAD_OPTION, sentence);
    }
}
