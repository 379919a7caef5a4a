package io.jimg.qcow2.encryption;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.Options;
import io.jimg.Secrets;
import io.jimg.crypto.KeySlotChange;
import io.jimg.crypto.LuksEntropy;
import io.jimg.crypto.LuksOptions;
import io.jimg.qcow2.Qcow2;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.change.MetadataChange;
import io.jimg.qcow2.header.CryptMethod;
import io.jimg.qcow2.header.Header;
import java.io.IOException;
import java.util.Arrays;
import java.util.function.Predicate;

/**
 * Adds a passphrase to an image whose data is encrypted with LUKS, or takes passphrases away. The key of the data
 * stays.
 */
public final class KeySlotAmend implements MetadataChange<Boolean> {
    private final Options opened;
    private final Secrets secrets;
    private final Options options;
    private final boolean force;

    /**
     * A change.
     *
     * @param opened the options with which the image was opened, the name of its passphrase among them
     * @param options of the amendment
     * @param force whether even the last slot may be erased
     */
    public KeySlotAmend(Options opened, Secrets secrets, Options options, boolean force) {
        this.opened = opened;
        this.secrets = secrets;
        this.options = options;
        this.force = force;
    }

    /**
     * Whether there is anything to change.
     *
     * @param given whether an option is to be changed
     * @throws ImageException {@link ErrorKind#BAD_OPTION} where the image has no key slots
     */
    public static boolean wanted(Predicate<Option<?>> given, Header header) throws ImageException {
        for (Option<?> option : Qcow2.LUKS.change()) {
            if (given.test(option)) {
                if (header.cryptMethod() == CryptMethod.LUKS) {
                    return true;
                }
                throw new ImageException(
                        ErrorKind.BAD_OPTION,
                        header.cryptMethod() == CryptMethod.NONE
                                ? "Can't amend encryption options - encryption not present"
                                : "Only LUKS encryption options can be amended");
            }
        }
        return false;
    }

    @Override
    public Boolean apply(ExclusiveFile image) throws IOException {
        KeySlotChange change = Qcow2.LUKS.change(options, secrets);
        byte[] passphrase = Qcow2.LUKS.passphrase(opened, secrets);
        try {
            change.apply(ImageCipher.luksHeader(image.file(), image.header()), passphrase, force, LuksEntropy.SYSTEM);
        } finally {
            LuksOptions.wipe(change);
            Arrays.fill(passphrase, (byte) 0);
        }
        return true;
    }
}
