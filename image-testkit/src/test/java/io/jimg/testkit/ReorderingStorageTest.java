package io.jimg.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.storage.MemoryStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReorderingStorageTest {
    private static final int STATES = 2000;

    private final ReorderingStorage storage = new ReorderingStorage("disk");

    @Test
    void whatIsFlushedSurvivesAlways() throws IOException {
        write(0, 1, 2048);
        storage.flush();
        for (long seed = 0; seed < STATES; seed++) {
            assertThat(text(storage.crash(seed))).isEqualTo("1111");
        }
    }

    @Test
    void anySubsetOfUnflushedSectorsMayBeLost() throws IOException {
        write(0, 1, 2048);
        storage.flush();
        write(0, 2, 2048);
        assertThat(states()).hasSize(16).contains("1111", "2222", "1212", "1221");
    }

    @Test
    void aSectorMayHoldAnythingWrittenToItSinceTheFlush() throws IOException {
        write(0, 1, 512);
        storage.flush();
        write(0, 2, 512);
        write(0, 3, 512);
        assertThat(states()).containsExactlyInAnyOrder("1", "2", "3");
    }

    @Test
    void laterWritesMaySurviveEarlierOnes() throws IOException {
        storage.truncate(1024);
        storage.flush();
        write(0, 1, 512);
        write(512, 2, 512);
        assertThat(states()).containsExactlyInAnyOrder("00", "10", "02", "12");
    }

    @Test
    void growthMayBeLost() throws IOException {
        write(0, 1, 512);
        storage.flush();
        write(512, 2, 512);
        write(1024, 3, 512);
        assertThat(states()).containsExactlyInAnyOrder("1", "10", "12", "100", "120", "103", "123");
    }

    @Test
    void punchingZeroingAndTruncatingMayBeLost() throws IOException {
        write(0, 1, 1536);
        storage.flush();
        storage.punch(0, 512);
        storage.zero(512, 512, false);
        storage.truncate(1024);
        assertThat(text(storage)).isEqualTo("00");
        assertThat(states()).contains("111", "00", "011", "101", "10", "110").doesNotContain("21");
    }

    @Test
    void bytesBehindTheEndAreZeroWhenItGrowsAgain() throws IOException {
        write(0, 1, 1024);
        storage.truncate(100);
        storage.truncate(1024);
        storage.flush();
        ByteBuffer buffer = ByteBuffer.allocate(1024);
        storage.crash(1).read(buffer, 0);
        assertThat(buffer.get(99)).isEqualTo((byte) 1);
        assertThat(buffer.get(100)).isZero();
    }

    @Test
    void theSameSeedGivesTheSameState() throws IOException {
        for (int i = 0; i < 50; i++) {
            write(i * 300L, i, 700);
        }
        for (long seed = 0; seed < 20; seed++) {
            assertThat(text(storage.crash(seed))).isEqualTo(text(storage.crash(seed)));
        }
    }

    @Test
    void anObserverSeesTheStateBeforeEachChange() throws IOException {
        Set<String> seen = new HashSet<>();
        storage.observe(number -> seen.add(number + ":" + storage.size()));
        write(0, 1, 512);
        storage.flush();
        storage.truncate(5);
        assertThat(seen).containsExactlyInAnyOrder("0:0", "1:512", "2:512");
        assertThat(storage.changes()).isEqualTo(3);
    }

    @Test
    void copiesItsContent() throws IOException {
        write(512, 1, 700);
        storage.truncate(5000);
        MemoryStorage copy = new MemoryStorage("copy");
        storage.copyTo(copy);
        ByteBuffer here = ByteBuffer.allocate(5000);
        ByteBuffer there = ByteBuffer.allocate(5000);
        storage.read(here, 0);
        copy.read(there, 0);
        assertThat(copy.size()).isEqualTo(5000);
        assertThat(there.array()).isEqualTo(here.array());
    }

    private Set<String> states() throws IOException {
        Set<String> states = new HashSet<>();
        for (long seed = 0; seed < STATES; seed++) {
            states.add(text(storage.crash(seed)));
        }
        return states;
    }

    private void write(long offset, int value, int length) throws IOException {
        byte[] bytes = new byte[length];
        java.util.Arrays.fill(bytes, (byte) value);
        storage.write(ByteBuffer.wrap(bytes), offset);
    }

    /** The first byte of every sector, as digits. */
    private static String text(ReorderingStorage state) throws IOException {
        StringBuilder text = new StringBuilder();
        for (long at = 0; at < state.size(); at += ReorderingStorage.SECTOR) {
            ByteBuffer buffer = ByteBuffer.allocate(ReorderingStorage.SECTOR);
            state.read(buffer, at);
            text.append((char) ('0' + buffer.get(0)));
        }
        return text.toString();
    }
}
