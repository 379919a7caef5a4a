package io.jimg.host.ipc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sockets that descriptors travel over, the memory and the events that travel. */
class LocalSocketTest {
    @TempDir
    private Path folder;

    @BeforeEach
    void needsTheHost() {
        assumeTrue(LocalSocket.isAvailable(), "the host's calls can't be made here");
    }

    private static ByteBuffer bytes(int... values) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(values.length);
        for (int value : values) {
            buffer.put((byte) value);
        }
        return buffer.flip();
    }

    @Test
    void passesMemoryAndEvents() throws IOException {
        String path = folder.resolve("s").toString();
        List<Descriptor> passed = new ArrayList<>();
        try (LocalSocket listening = LocalSocket.listen(path).orElseThrow();
                LocalSocket one = LocalSocket.connect(path).orElseThrow();
                LocalSocket other = listening.accept();
                Descriptor file = SharedMemory.create("memory", 10_000).orElseThrow();
                SharedMemory mine = SharedMemory.map(file, 4096, 5000);
                EventDescriptor event = EventDescriptor.create().orElseThrow()) {
            one.send(bytes(1, 2, 3), List.of(file, event.descriptor()));
            ByteBuffer received = ByteBuffer.allocateDirect(3);
            assertThat(other.receive(received, passed)).isTrue();
            assertThat(received.flip()).isEqualTo(bytes(1, 2, 3));
            assertThat(passed).hasSize(2);
            assertThat(passed.get(0).size()).isEqualTo(10_000);
            try (SharedMemory same = SharedMemory.map(passed.get(0), 0, 10_000);
                    EventDescriptor sameEvent = EventDescriptor.of(passed.get(1))) {
                mine.buffer(4999, 1).put((byte) 7);
                assertThat(same.buffer(4096 + 4999, 1).get()).isEqualTo((byte) 7);
                EventWait wait = new EventWait(event, event);
                assertThat(wait.await(0)).isFalse();
                sameEvent.signal();
                assertThat(wait.await(-1)).isTrue();
                assertThat(event.clear()).isTrue();
                assertThat(event.clear()).isFalse();
            }
            ByteBuffer gone = mine.buffer(0, 1);
            mine.close();
            assertThatThrownBy(gone::get).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> EventDescriptor.of(passed.get(0))).hasMessageContaining("is none");
            one.close();
            assertThat(other.receive(ByteBuffer.allocateDirect(1), passed)).isFalse();
        } finally {
            passed.forEach(Descriptor::close);
        }
    }

    @Test
    void saysWhenAMessageIsCutShort() throws IOException {
        String path = folder.resolve("s").toString();
        try (LocalSocket listening = LocalSocket.listen(path).orElseThrow();
                LocalSocket one = LocalSocket.connect(path).orElseThrow();
                LocalSocket other = listening.accept()) {
            one.send(bytes(1), List.of());
            one.close();
            assertThatThrownBy(() -> other.receive(ByteBuffer.allocateDirect(2), new ArrayList<>()))
                    .isInstanceOf(EOFException.class);
            assertThatThrownBy(() -> other.send(bytes(1), List.of())).hasMessageContaining("Broken pipe");
        }
    }

    @Test
    void endsAWaitFromOutside() throws Exception {
        String path = folder.resolve("s").toString();
        LocalSocket listening = LocalSocket.listen(path).orElseThrow();
        Thread ender = new Thread(listening::shutdown);
        ender.start();
        assertThatThrownBy(listening::accept).isInstanceOf(IOException.class);
        ender.join();
        listening.close();
        assertThatThrownBy(listening::accept).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> LocalSocket.connect(path)).hasMessageContaining("Connection refused");
        assertThatThrownBy(() -> LocalSocket.listen(path)).hasMessageContaining("Address already in use");
        assertThatThrownBy(() -> LocalSocket.listen("/" + "x".repeat(107))).hasMessageContaining("107 bytes");
    }

    @Test
    void mapsNothingThatIsNotInTheFile() throws IOException {
        try (Descriptor file = SharedMemory.create("memory", 4096).orElseThrow()) {
            assertThatThrownBy(() -> SharedMemory.map(file, 0, 4097)).hasMessageContaining("leaves its file");
            assertThatThrownBy(() -> SharedMemory.map(file, 4096, 1)).hasMessageContaining("leaves its file");
            assertThatThrownBy(() -> SharedMemory.map(file, -1, 1)).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> SharedMemory.map(file, Long.MAX_VALUE, 1)).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> SharedMemory.map(file, 0, 0)).isInstanceOf(IOException.class);
            try (SharedMemory memory = SharedMemory.map(file, 100, 100)) {
                assertThat(memory.size()).isEqualTo(100);
                assertThatThrownBy(() -> memory.buffer(50, 51)).isInstanceOf(IndexOutOfBoundsException.class);
            }
        }
    }
}
