package io.jimg.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.storage.MemoryStorage;
import io.jimg.storage.Outcome;
import io.jimg.testkit.FaultyStorage.Call;
import io.jimg.testkit.FaultyStorage.Fault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class FaultyStorageTest {
    private final MemoryStorage inner = new MemoryStorage("memory");
    private final FaultyStorage storage = new FaultyStorage(inner);

    @Test
    void failsTheCallThatItIsToldTo() throws IOException {
        write();
        storage.failNth(Set.of(Call.WRITE), 2, Fault.IO);
        write();
        refused(ErrorKind.IO, this::write);
        write();
        assertThat(storage.count(Set.of(Call.WRITE))).isEqualTo(4);
        assertThat(storage.count(Call.CHANGES)).isEqualTo(4);
    }

    @Test
    void failsFromACallOnUntilItIsHealed() throws IOException {
        storage.failFrom(Call.CHANGES, 2, Fault.NO_SPACE);
        write();
        refused(ErrorKind.NO_SPACE, this::write);
        refused(ErrorKind.NO_SPACE, () -> storage.truncate(5));
        storage.flush();
        storage.heal();
        write();
    }

    @Test
    void writesAndReadsHalfOfWhatFailsShort() throws IOException {
        storage.failNth(Set.of(Call.WRITE), 1, Fault.SHORT);
        refused(ErrorKind.IO, this::write);
        assertThat(inner.size()).isEqualTo(50);
        storage.failNth(Set.of(Call.READ), 1, Fault.SHORT);
        ByteBuffer buffer = ByteBuffer.allocate(20);
        refused(ErrorKind.IO, () -> storage.read(buffer, 0));
        assertThat(Arrays.copyOf(buffer.array(), 10)).containsOnly(1);
        assertThat(Arrays.copyOfRange(buffer.array(), 10, 20)).containsOnly(0);
    }

    @Test
    void saysThatItCannot() throws IOException {
        storage.failFrom(Set.of(Call.ZERO, Call.PUNCH), 1, Fault.UNSUPPORTED);
        assertThat(storage.zero(0, 10, false)).isEqualTo(Outcome.UNSUPPORTED);
        assertThat(storage.punch(0, 10)).isEqualTo(Outcome.UNSUPPORTED);
        storage.heal();
        assertThat(storage.zero(0, 10, false)).isEqualTo(Outcome.DONE);
    }

    @Test
    void closesWhatFailsToClose() {
        storage.failNth(Set.of(Call.CLOSE), 1, Fault.IO);
        refused(ErrorKind.IO, storage::close);
        refused(ErrorKind.CLOSED, inner::size);
    }

    private void write() throws IOException {
        byte[] bytes = new byte[100];
        Arrays.fill(bytes, (byte) 1);
        storage.write(ByteBuffer.wrap(bytes), 0);
    }

    private static void refused(ErrorKind kind, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        ImageException.class,
                        refusal -> assertThat(refusal.kind()).isEqualTo(kind));
    }
}
