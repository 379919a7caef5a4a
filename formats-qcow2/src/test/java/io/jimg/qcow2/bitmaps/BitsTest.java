package io.jimg.qcow2.bitmaps;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.capability.DirtyRuns;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Bits in bytes and in pages beside {@link BitSet}. */
class BitsTest {

    @Property(tries = 300)
    void bitsInBytes(@ForAll long seed, @ForAll @IntRange(min = 1, max = 40) int words) {
        Random random = new Random(seed);
        byte[] bytes = new byte[words * Long.BYTES];
        int count = bytes.length * Byte.SIZE;
        BitSet model = new BitSet(count);
        for (int i = 0; i < 8; i++) {
            int from = random.nextInt(count);
            int end = from + 1 + random.nextInt(Math.min(count - from, 1 + random.nextInt(200)));
            assertThat(Bits.set(bytes, from, end))
                    .isEqualTo(model.get(from, end).cardinality() < end - from);
            model.set(from, end);
            assertThat(BitSet.valueOf(bytes)).isEqualTo(model);
        }
        for (int at = 0; at < count; at++) {
            int set = model.nextSetBit(at);
            assertThat(Bits.next(bytes, at, true)).isEqualTo(set < 0 ? count : set);
            assertThat(Bits.next(bytes, at, false)).isEqualTo(Math.min(count, model.nextClearBit(at)));
        }
        int kept = random.nextInt(count + 1);
        Bits.clearFrom(bytes, kept);
        model.clear(kept, count);
        assertThat(BitSet.valueOf(bytes)).isEqualTo(model);
        assertThat(Bits.none(bytes)).isEqualTo(model.isEmpty());
    }

    @Property(tries = 200)
    void bitsInPages(@ForAll long seed, @ForAll @IntRange(min = 9, max = 12) int granularityBits) throws IOException {
        Random random = new Random(seed);
        long size = 512L * (1 + random.nextInt(300_000));
        long granularity = 1L << granularityBits;
        RecordedBits bits = new RecordedBits(size, granularityBits);
        BitSet model = new BitSet();
        for (int i = 0; i < 10; i++) {
            long from = (long) (random.nextDouble() * size);
            long length =
                    1 + (long) (random.nextDouble() * Math.min(size - from - 1, random.nextInt(3) == 0 ? size : 9000));
            bits.set(from, length);
            model.set((int) (from / granularity), (int) ((from + length - 1) / granularity) + 1);
        }
        assertThat(read(bits)).isEqualTo(model);
        for (int i = 0; i < 50; i++) {
            long at = (long) (random.nextDouble() * size);
            int granule = (int) (at / granularity);
            int set = model.nextSetBit(granule);
            assertThat(bits.nextDirty(at)).isEqualTo(set < 0 ? size : Math.max(at, set * granularity));
            assertThat(bits.nextClean(at))
                    .isEqualTo(Math.min(size, Math.max(at, model.nextClearBit(granule) * granularity)));
        }
        DirtyRuns coarse = new UnionRuns(new RecordedBits(size, granularityBits + 3), bits);
        BitSet coarser = new BitSet();
        model.stream().forEach(bit -> coarser.set(bit >> 3));
        assertThat(read(coarse)).isEqualTo(coarser);
    }

    static BitSet read(DirtyRuns runs) throws IOException {
        BitSet bits = new BitSet();
        for (long start = runs.nextDirty(0); start < runs.size(); ) {
            long end = runs.nextClean(start);
            assertThat(start % runs.granularity()).isZero();
            assertThat(end == runs.size() || end % runs.granularity() == 0).isTrue();
            bits.set((int) (start / runs.granularity()), (int) ((end + runs.granularity() - 1) / runs.granularity()));
            start = runs.nextDirty(end);
        }
        return bits;
    }

    @Test
    void manyThreadsLoseNoBit() throws Exception {
        long size = 1L << 30;
        RecordedBits bits = new RecordedBits(size, 9);
        List<Future<?>> threads = new ArrayList<>();
        int share = 4;
        for (int thread = 0; thread < share; thread++) {
            int mine = thread;
            threads.add(ForkJoinPool.commonPool().submit(() -> {
                for (long at = mine; at < size >>> 9; at += share) {
                    bits.set(at << 9, 1 << 9);
                }
            }));
        }
        for (Future<?> each : threads) {
            each.get();
        }
        assertThat(bits.nextDirty(0)).isZero();
        assertThat(bits.nextClean(0)).isEqualTo(size);
    }
}
