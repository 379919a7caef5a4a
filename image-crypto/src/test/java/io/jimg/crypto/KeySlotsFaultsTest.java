package io.jimg.crypto;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.crypto.KeySlotChange.State;
import io.jimg.storage.MemoryStorage;
import io.jimg.testkit.FaultPlan;
import io.jimg.testkit.FaultyStorage;
import io.jimg.testkit.FaultyStorage.Call;
import io.jimg.testkit.FaultyStorage.Fault;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every write and every flush of a change of key slots fails, once or from then on. What the volume says of its header
 * afterwards is what its file says, a passphrase that the change is not about opens it, and the same change succeeds as
 * soon as the storage does.
 */
class KeySlotsFaultsTest {
    private static final CipherSpec CIPHER =
            new CipherSpec(CipherAlgorithm.AES_128, CipherMode.CBC, IvGenerator.PLAIN64, null);
    private static final Set<Call> CHANGES = EnumSet.of(Call.WRITE, Call.FLUSH);

    /** What fails. */
    enum Operation {
        /** A passphrase more, in a slot of which the header's second sector has a part. */
        ADD,
        /** Another passphrase in a slot that is in use. */
        OVERWRITE,
        /** A passphrase less. */
        ERASE;

        KeySlotChange change() {
            return switch (this) {
                case ADD -> activate(6, "new");
                case OVERWRITE -> activate(1, "new");
                case ERASE -> new KeySlotChange(State.INACTIVE, 1L, null, null, null);
            };
        }
    }

    @ParameterizedTest
    @EnumSource
    void theHeaderInMemoryIsTheFiles(Operation operation, TestReporter reporter) throws IOException {
        int tried = 0;
        for (boolean lasting : new boolean[] {false, true}) {
            int number = 1;
            while (fails(operation, number, lasting ? Fault.IO : Fault.SHORT, lasting)) {
                number++;
            }
            tried += number - 1;
        }
        reporter.publishEntry("faults during " + operation + " of key slots", Integer.toString(tried));
        assertThat(tried).isGreaterThan(9);
    }

    /** False where the change has fewer calls than that. */
    private static boolean fails(Operation operation, int number, Fault fault, boolean lasting) throws IOException {
        LuksEntropy entropy = new LuksEntropy(new Random(number)::nextBytes, (hash, length) -> 0);
        MemoryStorage file = new MemoryStorage("volume");
        LuksVolume.create(file, 0, new LuksParameters(CIPHER, HashAlgorithm.SHA256, 0), password("first"), entropy)
                .close();
        FaultPlan plan = new FaultPlan();
        LuksVolume volume = LuksVolume.open(new FaultyStorage(file, plan), 0, true);
        activate(1, "second").apply(volume, password("first"), false, entropy);

        byte[] passphrase = password("first");
        if (lasting) {
            plan.failFrom(CHANGES, number, fault);
        } else {
            plan.failNth(CHANGES, number, fault);
        }
        boolean failed = false;
        try {
            operation.change().apply(volume, passphrase, true, entropy);
        } catch (IOException expected) {
            failed = true;
        }
        plan.heal();
        assertThat(volume.header().bytes())
                .as("call %s fails", number)
                .isEqualTo(LuksVolume.open(file, 0, true).header().bytes());
        assertThat(opens(volume, "first")).isTrue();
        operation.change().apply(volume, passphrase, true, entropy);
        assertThat(opens(volume, "new")).isEqualTo(operation != Operation.ERASE);
        assertThat(opens(volume, "second")).isEqualTo(operation == Operation.ADD);
        assertThat(volume.header().bytes())
                .isEqualTo(LuksVolume.open(file, 0, true).header().bytes());
        return failed;
    }

    private static boolean opens(LuksVolume volume, String passphrase) throws IOException {
        try {
            volume.unlock(password(passphrase));
            return true;
        } catch (ImageException wrong) {
            assertThat(wrong.kind()).isEqualTo(ErrorKind.SECRET);
            return false;
        }
    }

    private static KeySlotChange activate(long slot, String passphrase) {
        return new KeySlotChange(State.ACTIVE, slot, null, password(passphrase), null);
    }

    private static byte[] password(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
