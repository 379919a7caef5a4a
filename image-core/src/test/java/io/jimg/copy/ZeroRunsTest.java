package io.jimg.copy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("quick")
class ZeroRunsTest {
    private static List<String> find(int granularity, byte[] data, long guestOffset, boolean last) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(data.length).put(data);
        List<String> runs = new ArrayList<>();
        new ZeroRuns(granularity)
                .find(
                        buffer,
                        0,
                        data.length,
                        guestOffset,
                        last,
                        (from, to, zero) -> runs.add(from + "-" + to + (zero ? " zero" : " data")));
        return runs;
    }

    @Test
    void onlyWholeUnitsAreZero() throws IOException {
        byte[] data = new byte[4096];
        data[1500] = 1;
        assertThat(find(512, data, 0, false)).containsExactly("0-1024 zero", "1024-1536 data", "1536-4096 zero");
        assertThat(find(4096, data, 0, false)).containsExactly("0-4096 data");
    }

    @Test
    void unitsAreCountedFromTheGuestsFirstByte() throws IOException {
        assertThat(find(1024, new byte[2048], 512, false))
                .containsExactly("0-512 data", "512-1536 zero", "1536-2048 data");
    }

    @Test
    void shorterLastUnitOfTheDiskCounts() throws IOException {
        assertThat(find(1024, new byte[1536], 0, true)).containsExactly("0-1536 zero");
        assertThat(find(1024, new byte[1536], 0, false)).containsExactly("0-1024 zero", "1024-1536 data");
    }

    @Test
    void agreesWithLookingAtEachByte() throws IOException {
        Random random = new Random(7);
        for (int round = 0; round < 300; round++) {
            int granularity = 512 * (1 + random.nextInt(4));
            byte[] data = new byte[1 + random.nextInt(20_000)];
            for (int i = random.nextInt(12); i > 0; i--) {
                data[random.nextInt(data.length)] = 1;
            }
            boolean[] zero = new boolean[data.length];
            ByteBuffer buffer = ByteBuffer.allocateDirect(data.length).put(data);
            int[] end = new int[1];
            new ZeroRuns(granularity).find(buffer, 0, data.length, 0, true, (from, to, isZero) -> {
                assertThat(from).isEqualTo(end[0]);
                end[0] = to;
                java.util.Arrays.fill(zero, from, to, isZero);
            });
            assertThat(end[0]).isEqualTo(data.length);
            for (int unit = 0; unit < data.length; unit += granularity) {
                boolean expected = true;
                for (int i = unit; i < Math.min(data.length, unit + granularity); i++) {
                    expected &= data[i] == 0;
                }
                assertThat(zero[unit]).isEqualTo(expected);
            }
        }
    }
}
