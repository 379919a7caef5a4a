package io.jimg.crypto;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.crypto.KeySlotChange.State;
import io.jimg.testkit.ReorderingStorage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Power is lost at every moment of a change of key slots. The header can always be read, the master key is what it was,
 * passphrases that the change is not about open the volume, and of those that it is about, the old one or the new one
 * does. The system property {@code jimg.powerloss.keyslots} sets how many volumes are worked on for each operation,
 * {@code jimg.powerloss.variants} how many states are looked at for each moment, {@code jimg.powerloss.seed} the first
 * volume.
 */
class KeySlotsPowerLossTest {
    private static final int SEEDS = Integer.getInteger("jimg.powerloss.keyslots", 4);
    private static final int VARIANTS = Integer.getInteger("jimg.powerloss.variants", 2);
    private static final long FIRST = Long.getLong("jimg.powerloss.seed", 1);
    private static final CipherSpec CIPHER =
            new CipherSpec(CipherAlgorithm.AES_128, CipherMode.CBC, IvGenerator.PLAIN64, null);

    private int crashes;

    /** What is under way when power is lost. */
    enum Operation {
        /** A passphrase more, in any free slot. */
        ADD,
        /** Another passphrase in the one slot that is in use. */
        OVERWRITE_ONLY,
        /** Another passphrase in one of several slots. */
        OVERWRITE_ONE,
        /** A passphrase less. */
        ERASE;

        int activeBefore(Random random) {
            return switch (this) {
                case OVERWRITE_ONLY -> 1;
                case ADD -> 1 + random.nextInt(LuksHeader.SLOTS - 2);
                case OVERWRITE_ONE, ERASE -> 2 + random.nextInt(LuksHeader.SLOTS - 2);
            };
        }
    }

    @ParameterizedTest
    @EnumSource
    void someoneWhoHadTheKeyHasItStill(Operation operation, TestReporter reporter) throws IOException {
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            try {
                lose(operation, seed);
            } catch (AssertionError | IOException | RuntimeException failure) {
                throw new AssertionError(operation + ", seed " + seed, failure);
            }
        }
        reporter.publishEntry("crash points of " + operation, Integer.toString(crashes));
        assertThat(crashes).isGreaterThan(SEEDS * VARIANTS * 5);
    }

    private void lose(Operation operation, long seed) throws IOException {
        Random random = new Random(seed);
        LuksEntropy entropy = new LuksEntropy(random::nextBytes, (hash, length) -> 0);
        ReorderingStorage storage = new ReorderingStorage("volume");
        LuksVolume.create(storage, 0, new LuksParameters(CIPHER, HashAlgorithm.SHA256, 0), password("slot 0"), entropy)
                .close();
        LuksVolume volume = LuksVolume.open(storage, 0, true);
        byte[] key = volume.unlock(password("slot 0"));
        List<Integer> active = new ArrayList<>(List.of(0));
        for (int wanted = operation.activeBefore(random); active.size() < wanted; ) {
            add(volume, active, random.nextInt(LuksHeader.SLOTS), entropy);
        }
        if (operation == Operation.OVERWRITE_ONLY) {
            // It may be any.
            add(volume, active, random.nextInt(LuksHeader.SLOTS), entropy);
            if (active.size() > 1) {
                erase(0).apply(volume, null, false, entropy);
                active.remove(0);
            }
        }
        storage.flush();
        int meant = active.get(random.nextInt(active.size()));
        if (operation == Operation.ADD) {
            while (active.contains(meant)) {
                meant = random.nextInt(LuksHeader.SLOTS);
            }
        }
        int slot = meant;
        String opens = "slot " + active.get(0);
        KeySlotChange change = operation == Operation.ERASE ? erase(slot) : activate(slot, "new");
        boolean[] verifying = {false};
        Random crashing = new Random(random.nextLong());
        storage.observe(number -> {
            if (!verifying[0]) {
                verifying[0] = true;
                for (int i = 0; i < VARIANTS; i++) {
                    verify(storage.crash(crashing.nextLong()), operation, slot, active, key);
                }
                verifying[0] = false;
            }
        });
        change.apply(volume, password(opens), true, entropy);
        storage.observe(null);
        LuksVolume after = LuksVolume.open(storage, 0, true);
        assertThat(opens(after, "new", key)).isEqualTo(operation != Operation.ERASE);
        assertThat(opens(after, "slot " + slot, key)).isFalse();
        List<Integer> expected = new ArrayList<>(active);
        if (operation == Operation.ADD) {
            expected.add(slot);
        } else if (operation == Operation.ERASE) {
            expected.remove((Integer) slot);
        }
        for (int i = 0; i < LuksHeader.SLOTS; i++) {
            assertThat(after.header().slots().get(i).active()).as("slot %d", i).isEqualTo(expected.contains(i));
        }
    }

    private static void add(LuksVolume volume, List<Integer> active, int slot, LuksEntropy entropy) throws IOException {
        if (!active.contains(slot)) {
            activate(slot, "slot " + slot).apply(volume, password("slot 0"), false, entropy);
            active.add(slot);
        }
    }

    private void verify(ReorderingStorage left, Operation operation, int slot, List<Integer> active, byte[] key)
            throws IOException {
        crashes++;
        LuksVolume volume = LuksVolume.open(left, 0, true);
        for (int each : active) {
            if (each != slot) {
                assertThat(opens(volume, "slot " + each, key))
                        .as("slot %d", each)
                        .isTrue();
            }
        }
        switch (operation) {
            case OVERWRITE_ONLY, OVERWRITE_ONE ->
                assertThat(opens(volume, "slot " + slot, key) || opens(volume, "new", key))
                        .as("the old passphrase or the new one")
                        .isTrue();
            case ADD, ERASE -> opens(volume, operation == Operation.ADD ? "new" : "slot " + slot, key);
        }
    }

    /** Whether a passphrase leads to a master key, which must be the right one then. */
    private static boolean opens(LuksVolume volume, String passphrase, byte[] key) throws IOException {
        try {
            assertThat(volume.unlock(password(passphrase))).isEqualTo(key);
            return true;
        } catch (ImageException wrong) {
            assertThat(wrong.kind()).isEqualTo(ErrorKind.SECRET);
            return false;
        }
    }

    private static KeySlotChange activate(long slot, String passphrase) {
        return new KeySlotChange(State.ACTIVE, slot, null, password(passphrase), null);
    }

    private static KeySlotChange erase(long slot) {
        return new KeySlotChange(State.INACTIVE, slot, null, null, null);
    }

    private static byte[] password(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
