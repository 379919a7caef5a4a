package io.jimg.qcow2.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** A guest of 64 L2 tables of one 512-byte slice each, in a host that is an array. */
class L2CacheTest {
    private static final int TABLES = 64;
    private static final int CLUSTER = 512;
    private static final Geometry GEOMETRY = new Geometry(9, false, 4);

    private final byte[] host = new byte[(TABLES + 1) * CLUSTER];
    private final L1Table l1 = new L1Table(GEOMETRY, ByteBuffer.allocate(TABLES * Long.BYTES));
    private int reads;
    private int relieved;

    L2CacheTest() {
        for (int i = 0; i < TABLES; i++) {
            l1.set(i, (i + 1L) * CLUSTER);
        }
        l1.takeDirty();
    }

    @Test
    void aSliceIsReadOnceAsLongAsThereIsRoom() throws IOException {
        L2Cache cache = cache(TABLES);
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < TABLES; i++) {
                assertThat(cache.find(guestOffset(i))).isNotNull();
            }
        }
        assertThat(reads).isEqualTo(TABLES);
    }

    @Test
    void whatIsUsedStaysAndTheRestMakesRoom() throws IOException {
        L2Cache cache = cache(4);
        for (int i = 0; i < TABLES; i++) {
            cache.find(guestOffset(i));
            cache.find(guestOffset(0));
        }
        assertThat(reads).isBetween(TABLES, TABLES + TABLES / 4);
    }

    @Test
    void thereIsNoSliceWithoutATable() throws IOException {
        L1Table empty = new L1Table(GEOMETRY, ByteBuffer.allocate(TABLES * Long.BYTES));
        L2Cache cache = new L2Cache(GEOMETRY, empty, CLUSTER, 4, this::read, () -> {});
        assertThat(cache.find(0)).isNull();
        assertThat(reads).isZero();
    }

    @Test
    void changesSurviveEviction() throws IOException {
        L2Cache[] cache = new L2Cache[1];
        cache[0] = new L2Cache(GEOMETRY, l1, CLUSTER, 4, this::read, () -> writeBack(cache[0], true));
        for (int i = 0; i < TABLES; i++) {
            long entry = i + 1;
            cache[0].update(guestOffset(i), slice -> slice.set(3, entry, 0));
        }
        for (int i = 0; i < TABLES; i++) {
            assertThat(Objects.requireNonNull(cache[0].find(guestOffset(i))).entry(3))
                    .isEqualTo(i + 1);
        }
        // Once the cache is full of changes, all of them are written at once.
        assertThat(relieved).isBetween(TABLES / 4 - 2, TABLES / 4 + 1);
    }

    @Test
    void aPieceThatCouldNotBeWrittenIsTakenAgain() throws IOException {
        L2Cache cache = cache(4);
        cache.update(0, slice -> slice.set(63, 7, 0));
        writeBack(cache, false);
        assertThat(cache.isDirty()).isTrue();
        writeBack(cache, true);
        assertThat(cache.isDirty()).isFalse();
        assertThat(ByteBuffer.wrap(host).getLong(CLUSTER + 63 * Long.BYTES)).isEqualTo(7);
    }

    @Test
    void aSliceOnItsWayToTheHostStays() throws IOException {
        L2Cache cache = cache(2);
        cache.update(0, slice -> slice.set(0, 7, 0));
        var pieces = cache.takeDirty();
        for (int i = 1; i < TABLES; i++) {
            cache.find(guestOffset(i));
        }
        assertThat(Objects.requireNonNull(cache.find(0)).entry(0)).isEqualTo(7);
        pieces.forEach(piece -> cache.written(piece, true));
    }

    @Test
    void manyThreadsLoseNoChange() throws Exception {
        L2Cache[] cache = new L2Cache[1];
        Object writing = new Object();
        cache[0] = new L2Cache(GEOMETRY, l1, CLUSTER, 3, this::read, () -> {
            synchronized (writing) {
                writeBack(cache[0], true);
            }
        });
        int threads = 4;
        int rounds = 2000;
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            Future<?>[] done = new Future<?>[threads];
            for (int t = 0; t < threads; t++) {
                int index = t;
                done[t] = pool.submit(() -> {
                    for (int i = 0; i < rounds; i++) {
                        long at = guestOffset(i % TABLES);
                        cache[0].update(at, slice -> slice.set(index, slice.entry(index) + 1, 0));
                    }
                    return null;
                });
            }
            for (Future<?> each : done) {
                each.get();
            }
        } finally {
            pool.shutdownNow();
        }
        long sum = 0;
        for (int i = 0; i < TABLES; i++) {
            L2Slice slice = Objects.requireNonNull(cache[0].find(guestOffset(i)));
            for (int t = 0; t < threads; t++) {
                sum += slice.entry(t);
            }
        }
        assertThat(sum).isEqualTo((long) threads * rounds);
    }

    private L2Cache cache(int capacity) {
        return new L2Cache(GEOMETRY, l1, CLUSTER, capacity, this::read, () -> relieved++);
    }

    private synchronized ByteBuffer read(long hostOffset, int length) {
        reads++;
        return ByteBuffer.wrap(host.clone(), (int) hostOffset, length);
    }

    private void writeBack(L2Cache cache, boolean success) throws IOException {
        relieved++;
        for (L2Slice.Piece piece : cache.takeDirty()) {
            synchronized (this) {
                piece.bytes()
                        .duplicate()
                        .get(host, (int) cache.hostOffset(piece), piece.bytes().remaining());
            }
            cache.written(piece, success);
        }
    }

    private static long guestOffset(int table) {
        return table * GEOMETRY.tableCoverage();
    }
}
