package io.jimg.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("quick")
class MemoryStorageTest {
    private static final int PAGE = 64 << 10;

    @Test
    void isLikeAnArray() throws ImageException {
        Random random = new Random(3);
        byte[] model = new byte[10 * PAGE];
        MemoryStorage storage = new MemoryStorage("m");
        long size = 0;
        for (int step = 0; step < 2000; step++) {
            int from = random.nextInt(model.length);
            int length = random.nextInt(random.nextBoolean() ? 100 : 3 * PAGE);
            length = Math.min(length, model.length - from);
            switch (random.nextInt(6)) {
                case 0, 1 -> {
                    byte[] bytes = new byte[length];
                    if (random.nextBoolean()) {
                        random.nextBytes(bytes);
                    }
                    storage.write(ByteBuffer.wrap(bytes), from);
                    System.arraycopy(bytes, 0, model, from, length);
                    size = length == 0 ? size : Math.max(size, from + length);
                }
                case 2 -> {
                    assertThat(storage.zero(from, length, false)).isEqualTo(Outcome.DONE);
                    Arrays.fill(model, from, from + length, (byte) 0);
                    size = Math.max(size, from + length);
                }
                case 3 -> {
                    assertThat(storage.punch(from, length)).isEqualTo(Outcome.DONE);
                    Arrays.fill(model, from, from + length, (byte) 0);
                }
                case 4 -> {
                    if (random.nextInt(20) == 0) {
                        storage.truncate(from);
                        Arrays.fill(model, from, model.length, (byte) 0);
                        size = from;
                    }
                }
                default -> {
                    ByteBuffer read =
                            ByteBuffer.allocate(length).put(new byte[length]).clear();
                    storage.read(read, from);
                    assertThat(read.array()).isEqualTo(Arrays.copyOfRange(model, from, from + length));
                }
            }
            assertThat(storage.size()).isEqualTo(size);
            HostExtent run = storage.extentAt(from, PAGE * 3L);
            assertThat(run.length()).isBetween(1L, PAGE * 3L);
            if (run.hole()) {
                byte[] hole = Arrays.copyOfRange(model, from, (int) Math.min(model.length, run.end()));
                assertThat(hole).isEqualTo(new byte[hole.length]);
            }
        }
    }

    @Test
    void isAsLongAsLongsAre() throws ImageException {
        MemoryStorage storage = new MemoryStorage("m");
        storage.write(ByteBuffer.wrap(new byte[] {9}), Long.MAX_VALUE - 1);
        assertThat(storage.size()).isEqualTo(Long.MAX_VALUE);
        assertThat(storage.extentAt(0, Long.MAX_VALUE))
                .isEqualTo(new HostExtent(0, Long.MAX_VALUE / PAGE * PAGE, true));
        ByteBuffer last = ByteBuffer.allocate(2);
        storage.read(last, Long.MAX_VALUE - 2);
        assertThat(last.array()).containsExactly(0, 9);
        assertThat(storage.allocatedSize()).isEqualTo(PAGE);
        storage.punch(0, Long.MAX_VALUE);
        storage.read(last.clear(), Long.MAX_VALUE - 2);
        assertThat(last.array()).containsExactly(0, 0);
        storage.truncate(0);
        assertThat(storage.allocatedSize()).isZero();
    }

    @Test
    void zeroesTakeNoSpace() throws ImageException {
        MemoryStorage storage = new MemoryStorage("m", new byte[5 * PAGE]);
        assertThat(storage.size()).isEqualTo(5 * PAGE);
        assertThat(storage.allocatedSize()).isZero();
    }

    @Test
    void keepsItsBytesWhenItIsClosed() throws ImageException {
        MemoryStorage storage = new MemoryStorage("m", new byte[] {4});
        storage.close();
        storage.close();
        assertThatThrownBy(storage::size)
                .isInstanceOfSatisfying(
                        ImageException.class,
                        failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.CLOSED));
        storage.reopen();
        ByteBuffer read = ByteBuffer.allocate(1);
        storage.read(read, 0);
        assertThat(read.array()).containsExactly(4);
    }
}
