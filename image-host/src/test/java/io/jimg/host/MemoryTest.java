package io.jimg.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("quick")
class MemoryTest {

    static Stream<IntFunction<ByteBuffer>> allocators() {
        return Stream.of(ByteBuffer::allocate, ByteBuffer::allocateDirect);
    }

    @ParameterizedTest
    @MethodSource("allocators")
    void seesEveryByteOfTheRangeAndNoOther(IntFunction<ByteBuffer> allocate) {
        for (int size : new int[] {1, 7, 8, 63, 64, 65, 4096, 8192, 8193, 30_000}) {
            ByteBuffer buffer = allocate.apply(size + 20).position(3).limit(4);
            int step = Math.max(1, size / 50);
            assertThat(Memory.isZero(buffer, 10, 10 + size)).isTrue();
            for (int at = 0; at < size; at += step) {
                buffer.limit(buffer.capacity()).put(10 + at, (byte) 0x80).limit(4);
                assertThat(Memory.isZero(buffer, 10, 10 + size)).isFalse();
                assertThat(Memory.isZero(buffer, 10, 10 + at)).isTrue();
                assertThat(Memory.isZero(buffer, 11 + at, 20 + size)).isTrue();
                buffer.limit(buffer.capacity()).put(10 + at, (byte) 0).limit(4);
            }
            assertThat(buffer.position()).isEqualTo(3);
            assertThat(buffer.limit()).isEqualTo(4);
        }
    }

    @ParameterizedTest
    @MethodSource("allocators")
    void checksTheRange(IntFunction<ByteBuffer> allocate) {
        ByteBuffer buffer = allocate.apply(10);
        assertThat(Memory.isZero(buffer, 10, 10)).isTrue();
        assertThatThrownBy(() -> Memory.isZero(buffer, 5, 11)).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
