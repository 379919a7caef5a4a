package io.jimg.qcow2.allocation;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class RefcountCodecTest {
    @Property(tries = 300)
    void everyCountKeepsToItsOwnBits(@ForAll @IntRange(min = 0, max = 6) int order, @ForAll @Size(64) long[] values) {
        RefcountCodec codec = new RefcountCodec(order);
        byte[] block = new byte[512];
        long mask = order == 6 ? -1 : (1L << (1 << order)) - 1;
        for (int i = 0; i < values.length; i++) {
            codec.set(block, i, values[i] & mask);
        }
        codec.set(block, 20, 0);
        for (int i = 0; i < values.length; i++) {
            assertThat(codec.get(block, i)).isEqualTo(i == 20 ? 0 : values[i] & mask);
        }
    }

    @Test
    void theFirstOfAByteLiesInItsLowestBits() {
        byte[] block = new byte[1];
        new RefcountCodec(0).set(block, 0, 1);
        new RefcountCodec(0).set(block, 2, 1);
        assertThat(block[0]).isEqualTo((byte) 0b101);
        new RefcountCodec(2).set(block, 1, 0xf);
        assertThat(block[0]).isEqualTo((byte) 0xf5);
    }

    @Test
    void longCountsAreBigEndian() {
        byte[] block = new byte[8];
        new RefcountCodec(4).set(block, 1, 0x1234);
        assertThat(block).startsWith(0, 0, 0x12, 0x34);
    }
}
