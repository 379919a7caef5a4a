package io.jimg.crypto;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Adds a passphrase to a volume, or takes passphrases away.
 *
 * @param state what the slots shall become
 * @param slot the one slot meant; null to find it
 * @param oldSecret the passphrase whose slots are meant; only for {@link State#INACTIVE}
 * @param newSecret the passphrase that is added; only for {@link State#ACTIVE}
 * @param iterationTime how long PBKDF2 shall take in milliseconds; null for the usual; only for {@link State#ACTIVE}
 */
@SuppressWarnings("ArrayRecordComponent") // secrets, which are overwritten after use and compared nowhere
public record KeySlotChange(
        State state,
        @Nullable Long slot,
        byte @Nullable [] oldSecret,
        byte @Nullable [] newSecret,
        @Nullable Long iterationTime) {

    /** What becomes of a slot. */
    public enum State {
        /** It holds the master key. */
        ACTIVE,
        /** Its key material is overwritten. */
        INACTIVE
    }

    /**
     * Checks what can be checked without the volume.
     *
     * @throws ImageException {@link ErrorKind#BAD_OPTION} with QEMU's sentence
     */
    public void check() throws ImageException {
        if (state == State.ACTIVE) {
            if (newSecret == null) {
                throw refused("'new-secret' is required to activate a keyslot");
            }
            if (oldSecret != null) {
                throw refused("'old-secret' must not be given when activating keyslots");
            }
        } else {
            if (newSecret != null) {
                throw refused("'new-secret' must not be given when erasing keyslots");
            }
            if (iterationTime != null) {
                throw refused("'iter-time' must not be given when erasing keyslots");
            }
        }
        if (slot != null && (slot < 0 || slot >= LuksHeader.SLOTS)) {
            throw refused("Invalid keyslot " + slot + " specified, must be between 0 and " + (LuksHeader.SLOTS - 1));
        }
    }

    /**
     * Makes the change. A loss of power leaves each slot as it was or as it shall be, or, while it is erased, useless.
     *
     * <p>A slot that is active and overwritten by force is useless for a while, too, for its key material has its place
     * and no other. Where another slot is free, that one holds the new passphrase meanwhile: at every moment the old or
     * the new passphrase opens the volume. Where none is free, seven others are active and stay.
     *
     * <p>Where this fails midway, {@link LuksVolume#header} is what the file says then.
     *
     * @param passphrase what opens the volume now; for {@link State#ACTIVE}
     * @param force whether even the last slot may be erased, and with it all data, or one that is erased already
     * @throws ImageException {@link ErrorKind#BAD_OPTION} or {@link ErrorKind#SECRET} with QEMU's sentence; nothing was
     *     changed then
     */
    public void apply(LuksVolume volume, byte @Nullable [] passphrase, boolean force, LuksEntropy entropy)
            throws IOException {
        check();
        try {
            if (state == State.ACTIVE) {
                activate(volume, passphrase, force, entropy);
            } else {
                erase(volume, force, entropy);
            }
        } catch (IOException | RuntimeException failure) {
            try {
                volume.reload();
            } catch (IOException second) {
                failure.addSuppressed(second);
            }
            throw failure;
        }
    }

    private void activate(LuksVolume volume, byte @Nullable [] passphrase, boolean force, LuksEntropy entropy)
            throws IOException {
        int target = slot == null ? freeSlot(volume) : slot.intValue();
        if (!force && volume.header().slots().get(target).active()) {
            throw refused("Refusing to overwrite active keyslot " + target + " - please erase it first");
        }
        if (passphrase == null || newSecret == null) {
            throw new ImageException(ErrorKind.SECRET, "Parameter 'key-secret' is required for cipher");
        }
        byte[] key = masterKey(volume, passphrase);
        try {
            long time = iterationTime == null ? LuksOptions.DEFAULT_ITERATION_TIME : iterationTime;
            put(volume, target, volume.seal(key, newSecret, time, entropy), entropy);
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }

    private static byte[] masterKey(LuksVolume volume, byte[] passphrase) throws IOException {
        try {
            return volume.unlock(passphrase);
        } catch (ImageException wrong) {
            throw wrong.kind() == ErrorKind.SECRET
                    ? new ImageException(ErrorKind.SECRET, "Failed to retrieve the master key", wrong)
                    : wrong;
        }
    }

    private static void put(LuksVolume volume, int target, LuksVolume.SealedKey key, LuksEntropy entropy)
            throws IOException {
        List<LuksKeySlot> before = volume.header().slots();
        int spare = before.get(target).active() ? firstInactive(before) : -1;
        if (spare >= 0) {
            volume.writeHeader(volume.fillSlot(spare, key));
        }
        volume.writeHeader(volume.fillSlot(target, key));
        if (spare >= 0) {
            volume.eraseSlot(spare, before.get(spare), entropy);
        }
    }

    private static int freeSlot(LuksVolume volume) throws ImageException {
        int free = firstInactive(volume.header().slots());
        if (free < 0) {
            throw refused("Can't add a keyslot - all keyslots are in use");
        }
        return free;
    }

    /** Index of the first slot that is free; negative for none. */
    private static int firstInactive(List<LuksKeySlot> slots) {
        for (int i = 0; i < slots.size(); i++) {
            if (!slots.get(i).active()) {
                return i;
            }
        }
        return -1;
    }

    private void erase(LuksVolume volume, boolean force, LuksEntropy entropy) throws IOException {
        List<Integer> doomed = slot == null ? matching(volume) : List.of(stated(volume, slot.intValue(), force));
        long active =
                volume.header().slots().stream().filter(LuksKeySlot::active).count();
        if (!force && doomed.size() >= active) {
            throw refused((slot == null
                            ? "All the active keyslots match the (old) password that was given and erasing them"
                            : "Attempt to erase the only active keyslot " + slot + " which")
                    + " will erase all the data in the image irreversibly - refusing operation");
        }
        for (int each : doomed) {
            volume.eraseSlot(each, entropy);
        }
    }

    private int stated(LuksVolume volume, int index, boolean force) throws IOException {
        if (oldSecret != null && !opens(volume, index, oldSecret)) {
            throw new ImageException(
                    ErrorKind.SECRET,
                    "Given keyslot " + index + " doesn't contain the given old password for erase operation");
        }
        if (!force && !volume.header().slots().get(index).active()) {
            throw refused("Given keyslot " + index + " is already erased (inactive) ");
        }
        return index;
    }

    private List<Integer> matching(LuksVolume volume) throws IOException {
        if (oldSecret == null) {
            throw refused("To erase keyslot(s), either explicit keyslot index or the password currently contained"
                    + " in them must be given");
        }
        List<Integer> found = new ArrayList<>();
        for (int i = 0; i < LuksHeader.SLOTS; i++) {
            if (opens(volume, i, oldSecret)) {
                found.add(i);
            }
        }
        if (found.isEmpty()) {
            throw new ImageException(ErrorKind.SECRET, "No keyslots match given (old) password for erase operation");
        }
        return found;
    }

    private static boolean opens(LuksVolume volume, int index, byte[] passphrase) throws IOException {
        byte[] key = volume.unlockSlot(index, passphrase);
        if (key == null) {
            return false;
        }
        Arrays.fill(key, (byte) 0);
        return true;
    }

    private static ImageException refused(String sentence) {
        return new ImageException(ErrorKind.BAD_OPTION, sentence);
    }
}
