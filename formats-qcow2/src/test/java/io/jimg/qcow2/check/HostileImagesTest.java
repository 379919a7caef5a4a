package io.jimg.qcow2.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Repairable;
import io.jimg.qcow2.Qcow2;
import io.jimg.qcow2.Qcow2Format;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.qcow2.image.Qcow2Opener;
import io.jimg.spi.CreateRequest;
import io.jimg.storage.MemoryStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Images that want to cost more than they are. */
class HostileImagesTest {
    private static final long C = 65536;

    private static MemoryStorage create(long size, long cluster) throws IOException {
        MemoryStorage storage = new MemoryStorage("image");
        Options options = Options.of(Qcow2.CLUSTER_SIZE, cluster);
        new Qcow2Format().create(storage, new CreateRequest(size, options, name -> storage));
        return storage;
    }

    private static CheckReport check(MemoryStorage storage) throws IOException {
        return new Qcow2Check(storage, Qcow2Opener.readHeader(storage)).run();
    }

    private static void put(MemoryStorage storage, long at, long value) throws IOException {
        storage.write(ByteBuffer.allocate(Long.BYTES).putLong(0, value), at);
    }

    private static void fill(MemoryStorage storage, long at, int count, long first, long step) throws IOException {
        ByteBuffer entries = ByteBuffer.allocate(count * Long.BYTES);
        for (int i = 0; i < count; i++) {
            entries.putLong(first + i * step);
        }
        storage.write(entries.flip(), at);
    }

    @Test
    @Timeout(60)
    void oneTableUnderEveryEntryIsScannedOnce() throws IOException {
        // 2 PiB: an L1 table of 4 million entries, all of which name one L2 table full of entries.
        MemoryStorage storage = create(2L << 50, C);
        long l1 = Qcow2Opener.readHeader(storage).l1TableOffset();
        long l2 = (storage.size() + C - 1) & -C;
        fill(storage, l1, 4 << 20, l2, 0);
        fill(storage, l2, (int) (C / 8), l2 + C, 0);
        storage.truncate(l2 + 2 * C);
        CheckReport report = check(storage);
        assertThat(report.allocatedClusters()).isEqualTo((4L << 20) * (C / 8));
        // 16-bit counts run over: every reference beyond is an error.
        assertThat(report.corruptions()).isGreaterThan((4L << 20) * (C / 8) - 70_000);
        assertThat(report.findings()).hasSize(Qcow2Check.FINDINGS_CAP);
        assertThat(report.findingsLeftOut()).isGreaterThan(1L << 30);
    }

    @Test
    @Timeout(60)
    void tablesInTheHolesOfAnExabyteCostNothing() throws IOException {
        MemoryStorage storage = create(2L << 50, C);
        long l1 = Qcow2Opener.readHeader(storage).l1TableOffset();
        fill(storage, l1, 4 << 20, 1L << 40, C);
        storage.truncate(1L << 55);
        CheckReport report = check(storage);
        assertThat(report.corruptions()).isGreaterThanOrEqualTo(4L << 20);
        assertThat(report.allocatedClusters()).isZero();
    }

    @Test
    @Timeout(60)
    void referencesScatteredOverAnExabyteAreRefusedBeforeTheHeapIsFull() throws IOException {
        // Every entry of 64 L2 tables lies on a page of counters of its own, of which there would be half a million.
        MemoryStorage storage = create(64 * (C / 8) * C, C);
        long l1 = Qcow2Opener.readHeader(storage).l1TableOffset();
        long tables = 1L << 30;
        fill(storage, l1, 64, tables, C);
        for (int i = 0; i < 64; i++) {
            fill(storage, tables + i * C, (int) (C / 8), (1L << 32) + i * (1L << 43), 1L << 30);
        }
        storage.truncate(1L << 55);
        MemoryBudget small = new MemoryBudget(64 << 20);
        assertThatThrownBy(() -> {
                    MetadataReader reader = new MetadataReader(storage, entries -> {});
                    new ReferenceScan(Qcow2Opener.readHeader(storage), reader, small, new Findings(10))
                            .countMapping(CopiedObserver.NONE);
                })
                .isInstanceOfSatisfying(
                        ImageException.class,
                        failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.LIMIT));
    }

    @Test
    @Timeout(60)
    void snapshotsThatShareOneTableAreWalkedOnce() throws IOException {
        // 65536 snapshots, each with the largest L1 table, all of them the same.
        MemoryStorage storage = create(1 << 20, C);
        long table = 1L << 24;
        long l1 = 1L << 30;
        ByteBuffer entries = ByteBuffer.allocate(65536 * 56);
        for (int i = 0; i < 65536; i++) {
            entries.putLong(l1)
                    .putInt(4 << 20)
                    .putInt(0)
                    .putLong(0)
                    .putLong(0)
                    .putInt(0)
                    .putInt(16);
            entries.putLong(0).putLong(1 << 20);
        }
        storage.write(entries.flip(), table);
        fill(storage, l1, 4 << 20, 1L << 34, C);
        storage.truncate(1L << 40);
        ByteBuffer pointer = ByteBuffer.allocate(12).putInt(0, 65536).putLong(4, table);
        storage.write(pointer, HeaderFields.SNAPSHOT_COUNT);
        CheckReport report = check(storage);
        // For each L2 table one reference more than 16 bits count, and a refcount of 0.
        assertThat(report.corruptions()).isGreaterThanOrEqualTo(2 * (4L << 20));
    }

    @Test
    @Timeout(60)
    void aRefcountTableOfOneBlockIsReadOnce() throws IOException {
        MemoryStorage storage = create(1 << 20, 2 << 20);
        long table = 4L << 20 << 4;
        fill(storage, table, 1 << 20, 1L << 33, 0);
        fill(storage, 1L << 33, 1 << 18, 0x0001000100010001L, 0);
        storage.truncate(1L << 60);
        put(storage, HeaderFields.REFCOUNT_TABLE_OFFSET, table);
        storage.write(ByteBuffer.allocate(4).putInt(0, 4), HeaderFields.REFCOUNT_TABLE_CLUSTERS);
        CheckReport report = check(storage);
        assertThat(report.leaks()).isGreaterThan(1L << 38);
    }

    @Test
    @Timeout(60)
    void aTebibyteTakesLittleMemory() throws IOException {
        // Every cluster is allocated; the tables are real, the data is a hole.
        long size = 1L << 40;
        MemoryStorage storage = create(size, C);
        long l1 = Qcow2Opener.readHeader(storage).l1TableOffset();
        int tables = (int) (size / C / (C / 8));
        long first = 1L << 30;
        long data = 1L << 31;
        fill(storage, l1, tables, first | 1L << 63, C);
        for (int i = 0; i < tables; i++) {
            fill(storage, first + i * C, (int) (C / 8), data + i * (C / 8) * C | 1L << 63, C);
        }
        storage.truncate(data + size);
        MemoryBudget budget = new MemoryBudget(64 << 20);
        MetadataReader reader = new MetadataReader(storage, entries -> {});
        ReferenceScan scan = new ReferenceScan(Qcow2Opener.readHeader(storage), reader, budget, new Findings(10));
        AllocationTotals totals = scan.countMapping(CopiedObserver.NONE);
        assertThat(totals.allocated()).isEqualTo(size / C);
        assertThat(totals.fragmented()).isZero();
    }

    /** An L1 table and a table behind the end of a file that was cut: what is laid out anew must not become them. */
    @Test
    void aRepairPutsNothingWhereALostTableIsNamed() throws IOException {
        MemoryStorage storage = create(1 << 20, C);
        long l1 = Qcow2Opener.readHeader(storage).l1TableOffset();
        storage.truncate(C + 4);
        CheckReport report = new Qcow2Repair(storage, Repairable.Mode.ALL).run();
        assertThat(report.findings().toString()).contains("Rebuilding refcount structure", Long.toHexString(l1));
        assertThat(Qcow2Opener.readHeader(storage).refcountTableOffset()).isNotEqualTo(l1);
        ByteBuffer table = ByteBuffer.allocate((int) C);
        storage.read(table, l1);
        assertThat(table.array()).containsOnly(0);
        // The table is inside the file now, and counted by the next repair.
        new Qcow2Repair(storage, Repairable.Mode.ALL).run();
        assertThat(check(storage).clean()).isTrue();
    }

    @Test
    void aTableOfRefcountsThatTheHeaderNamesAsOneOfClustersStaysWhatItIs() throws IOException {
        // The L1 table is the header, so that wherever the refcounts are laid out anew is an L2 table, too.
        MemoryStorage storage = create(1 << 20, 512);
        put(storage, HeaderFields.L1_TABLE_OFFSET, 0);
        CheckReport report = new Qcow2Repair(storage, Repairable.Mode.ALL).run();
        assertThat(report.findings().toString()).contains("Rebuilding refcount structure");
        ByteBuffer entry = ByteBuffer.allocate(Long.BYTES);
        storage.read(entry, Qcow2Opener.readHeader(storage).refcountTableOffset());
        assertThat(entry.getLong(0)).isPositive();
    }

    @Test
    void endsWhenItIsCancelledAndTellsOfProgress() throws IOException {
        MemoryStorage storage = create(2L << 50, C);
        Qcow2Check check = new Qcow2Check(storage, Qcow2Opener.readHeader(storage));
        AtomicLong calls = new AtomicLong();
        check.onProgress((done, total) -> {
            assertThat(done).isBetween(0L, total);
            if (calls.incrementAndGet() == 5) {
                check.cancel();
            }
        });
        long start = System.nanoTime();
        assertThatThrownBy(check::run)
                .isInstanceOfSatisfying(
                        ImageException.class,
                        failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.CANCELLED));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
        assertThat(calls.get()).isEqualTo(5);
    }
}
