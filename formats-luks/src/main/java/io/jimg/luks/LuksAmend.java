package io.jimg.luks;

import io.jimg.Job;
import io.jimg.Options;
import io.jimg.Secrets;
import io.jimg.crypto.KeySlotChange;
import io.jimg.crypto.LuksEntropy;
import io.jimg.crypto.LuksOptions;
import io.jimg.crypto.LuksVolume;
import java.io.IOException;
import java.util.Arrays;

/** Adds a passphrase to an open volume, or takes passphrases away. */
final class LuksAmend extends Job<Boolean> {
    private final LuksImage image;
    private final Options opened;
    private final Secrets secrets;
    private final Options options;
    private final boolean force;

    /**
     * A change.
     *
     * @param opened the options with which the image was opened, the name of its passphrase among them
     * @param options of {@link Luks#AMEND}
     */
    LuksAmend(LuksImage image, Options opened, Secrets secrets, Options options, boolean force) {
        this.image = image;
        this.opened = opened;
        this.secrets = secrets;
        this.options = options;
        this.force = force;
    }

    @Override
    protected Boolean execute() throws IOException {
        return image.change(this::apply);
    }

    private boolean apply(LuksVolume volume) throws IOException {
        KeySlotChange change = Luks.OPTIONS.change(options, secrets);
        byte[] passphrase = Luks.OPTIONS.passphrase(opened, secrets);
        try {
            change.apply(volume, passphrase, force, LuksEntropy.SYSTEM);
        } finally {
            LuksOptions.wipe(change);
            Arrays.fill(passphrase, (byte) 0);
        }
        return true;
    }
}
