package io.jimg.qcow2.allocation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.storage.MemoryStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** An image of a header, a refcount table at cluster 1 and a refcount block at cluster 2. */
class ClusterAllocatorTest {
    private final MemoryStorage host = new MemoryStorage("host");
    private Geometry geometry = new Geometry(9, false, 4);
    private long tableOffset;
    private int tableClusters;

    @Test
    void runsAreAsLongAsWantedAndFollowEachOther() throws IOException {
        ClusterAllocator allocator = fresh(16, 4);
        assertThat(allocator.allocate(10)).isEqualTo(new Allocation(3L << 16, 10, true));
        assertThat(allocator.allocate(1)).isEqualTo(new Allocation(13L << 16, 1, true));
        allocator.release(5L << 16, 2);
        assertThat(allocator.allocate(4)).isEqualTo(new Allocation(5L << 16, 2, false));
        assertThat(allocator.allocate(4)).isEqualTo(new Allocation(14L << 16, 4, true));
    }

    @Test
    void whereTheFileUsedToEndTheRunEnds() throws IOException {
        ClusterAllocator allocator = fresh(16, 4);
        allocator.allocate(10);
        commit(allocator);
        host.truncate(20L << 16);
        ClusterAllocator again = open(4);
        assertThat(again.allocate(100)).isEqualTo(new Allocation(13L << 16, 7, false));
        assertThat(again.allocate(100)).isEqualTo(new Allocation(20L << 16, 100, true));
    }

    @Test
    void aWholeRunPassesWhatIsInItsWay() throws IOException {
        ClusterAllocator allocator = fresh(16, 4);
        allocator.allocate(10);
        allocator.release(5L << 16, 2);
        assertThat(allocator.allocateRun(4)).isEqualTo(new Allocation(13L << 16, 4, true));
        assertThat(allocator.allocateRun(2)).isEqualTo(new Allocation(5L << 16, 2, false));
        assertThat(allocator.allocateRun(1)).isEqualTo(new Allocation(17L << 16, 1, true));
    }

    @Test
    void streamsArePackedAndCounted() throws IOException {
        ClusterAllocator allocator = fresh(12, 4);
        long first = allocator.allocateBytes(1000);
        long second = allocator.allocateBytes(3000);
        assertThat(second).isEqualTo(first + 1000);
        long third = allocator.allocateBytes(500);
        assertThat(third).isEqualTo(first + 4000);
        assertThat(allocator.refcount(first)).isEqualTo(3);
        assertThat(allocator.refcount(first + 4096)).isEqualTo(1);
        allocator.allocate(1);
        // The next cluster is taken, so a stream that does not fit begins anew.
        long fourth = allocator.allocateBytes(4000);
        assertThat(fourth % 4096).isZero();
        assertThat(allocator.refcount(first + 4096)).isEqualTo(1);
    }

    @Test
    void aClusterWhoseCountIsFullTakesNoMoreStreams() throws IOException {
        ClusterAllocator allocator = fresh(12, 0);
        long first = allocator.allocateBytes(10);
        long second = allocator.allocateBytes(10);
        assertThat(second).isEqualTo(first + 4096);
    }

    /** Whatever is taken and given back: nothing is taken twice, and what the host learns is what is true. */
    @Property(tries = 40)
    void refcountsAreRightOnTheHostToo(
            @ForAll @IntRange(min = 9, max = 11) int clusterBits,
            @ForAll @IntRange(min = 0, max = 6) int order,
            @ForAll long seed)
            throws IOException {
        ClusterAllocator allocator = fresh(clusterBits, order);
        Random random = new Random(seed);
        TreeMap<Long, Integer> taken = new TreeMap<>();
        for (int i = 0; i < 300; i++) {
            if (random.nextInt(3) > 0) {
                int wanted = 1 + random.nextInt(200);
                boolean inOneRun = random.nextBoolean();
                Allocation run = inOneRun ? allocator.allocateRun(wanted) : allocator.allocate(wanted);
                assertThat(run.clusters()).isBetween(inOneRun ? wanted : 1, wanted);
                assertThat(taken.put(run.hostOffset(), run.clusters())).isNull();
            } else if (!taken.isEmpty()) {
                Long any = taken.ceilingKey((long) (random.nextDouble() * taken.lastKey()));
                allocator.release(any, taken.remove(any));
            }
            if (random.nextInt(20) == 0) {
                commit(allocator);
            }
        }
        commit(allocator);
        commit(allocator);
        assertThat(allocator.isDirty()).isFalse();
        assertCounted(taken);
    }

    @Test
    void theTableGrowsUntilItsLimit() throws IOException {
        // 64-bit counts in 512-byte clusters: a block counts 64 clusters, a table cluster holds 64 blocks.
        ClusterAllocator allocator = fresh(9, 6);
        long before = host.size();
        for (int i = 0; i < 200; i++) {
            allocator.allocate(64);
        }
        commit(allocator);
        commit(allocator);
        assertThat(tableClusters).isGreaterThan(1);
        assertThat(host.size()).isGreaterThan(before);
        assertCounted(new TreeMap<>(), false);
    }

    @Test
    void beyondTheLimitNothingChanges() throws IOException {
        geometry = new Geometry(9, false, 6);
        tableOffset = 1 << 20;
        tableClusters = RefcountTable.MAXIMUM_BYTES >> 9;
        // The largest table, with one block in all its places, which says that everything is in use.
        long block = 512;
        ByteBuffer table = ByteBuffer.allocate(RefcountTable.MAXIMUM_BYTES);
        while (table.hasRemaining()) {
            table.putLong(block);
        }
        ByteBuffer full = ByteBuffer.allocate(512);
        while (full.hasRemaining()) {
            full.putLong(1);
        }
        host.write(table.flip(), tableOffset);
        host.write(full.flip(), block);
        ClusterAllocator allocator = open(4);
        assertThatThrownBy(() -> allocator.allocate(1))
                .hasMessageContaining("its refcount table would exceed 8 MiB")
                .satisfies(
                        failure -> assertThat(((ImageException) failure).kind()).isEqualTo(ErrorKind.LIMIT));
        assertThat(allocator.isDirty()).isFalse();
    }

    @Test
    void metadataIsNeverHandedOut() throws IOException {
        ClusterAllocator sound = fresh(16, 4);
        sound.allocate(2);
        commit(sound);
        MetadataGuard guard = new MetadataGuard(geometry, EnumSet.allOf(MetadataSection.class))
                .with(MetadataSection.ACTIVE_L2, LongStream.of(0, 6L << 16));
        List<String> told = new ArrayList<>();
        ClusterAllocator allocator = open(4, guard, told);
        assertThat(allocator.allocate(1).hostOffset()).isEqualTo(5L << 16);
        assertThatThrownBy(() -> allocator.allocate(1))
                .hasMessage("Preventing invalid write on metadata (overlaps with active L2 table)")
                .satisfies(
                        failure -> assertThat(((ImageException) failure).kind()).isEqualTo(ErrorKind.CORRUPT));
        assertThat(told).hasSize(1);
    }

    @Test
    void whatWasGivenBackIsGuardedNoMore() throws IOException {
        ClusterAllocator sound = fresh(16, 4);
        sound.allocate(2);
        commit(sound);
        MetadataGuard guard = new MetadataGuard(geometry, EnumSet.allOf(MetadataSection.class))
                .with(MetadataSection.ACTIVE_L2, LongStream.of(3L << 16));
        ClusterAllocator allocator = open(4, guard, new ArrayList<>());
        allocator.release(3L << 16, 1);
        assertThat(allocator.allocate(1).hostOffset()).isEqualTo(3L << 16);
    }

    @Test
    void loweringWhatIsFreeIsDamage() throws IOException {
        ClusterAllocator allocator = fresh(16, 4);
        assertThatThrownBy(() -> allocator.release(50L << 16, 1)).hasMessageContaining("is 0 although it was in use");
    }

    // ---- the host --------------------------------------------------------------------------------------------------

    private ClusterAllocator fresh(int clusterBits, int order) throws IOException {
        geometry = new Geometry(clusterBits, false, order);
        host.truncate(0);
        tableOffset = geometry.clusterSize();
        tableClusters = 1;
        host.write(ByteBuffer.allocate(8).putLong(0, 2L << clusterBits), tableOffset);
        byte[] block = new byte[geometry.clusterSize()];
        for (int i = 0; i < 3; i++) {
            new RefcountCodec(order).set(block, i, 1);
        }
        host.write(ByteBuffer.wrap(block), 2L << clusterBits);
        return open(4);
    }

    private ClusterAllocator open(int cachedBlocks) throws IOException {
        return open(cachedBlocks, new MetadataGuard(geometry, EnumSet.allOf(MetadataSection.class)), new ArrayList<>());
    }

    private ClusterAllocator open(int cachedBlocks, MetadataGuard guard, List<String> told) throws IOException {
        return new ClusterAllocator(
                geometry, tableOffset, tableClusters, cachedBlocks, host.size(), io(), guard, failure -> {
                    told.add(failure.getMessage());
                    return failure;
                });
    }

    private void commit(ClusterAllocator allocator) throws IOException {
        ClusterAllocator.TableChange change = allocator.takeChanges();
        for (ClusterAllocator.Piece piece : change.pieces()) {
            host.write(piece.bytes().duplicate(), piece.hostOffset());
        }
        tableOffset = change.tableOffset();
        tableClusters = change.tableClusters();
        for (Allocation old : change.retired()) {
            allocator.release(old.hostOffset(), old.clusters());
        }
    }

    /** Counts, from the host alone, what is taken, the header, the table and the blocks; all else must be 0. */
    private void assertCounted(TreeMap<Long, Integer> taken) throws IOException {
        assertCounted(taken, true);
    }

    private void assertCounted(TreeMap<Long, Integer> taken, boolean exactly) throws IOException {
        Set<Long> used = new HashSet<>();
        used.add(0L);
        add(used, tableOffset, tableClusters);
        taken.forEach((offset, clusters) -> add(used, offset, clusters));
        RefcountTable table = new RefcountTable(
                geometry, tableOffset, io().read(tableOffset, tableClusters << geometry.clusterBits()));
        for (int i = 0; i < table.length(); i++) {
            if (table.block(i) != 0) {
                add(used, table.block(i), 1);
            }
        }
        RefcountBlocks blocks = new RefcountBlocks(
                geometry, table, io(), new MetadataGuard(geometry, EnumSet.allOf(MetadataSection.class)), 4);
        long clusters = (long) table.end() << geometry.refcountBlockBits();
        for (long cluster = 0; cluster < clusters; cluster++) {
            long count = blocks.get(cluster);
            if (used.contains(cluster)) {
                assertThat(count).as("cluster %s", cluster).isEqualTo(1);
            } else if (exactly) {
                assertThat(count).as("cluster %s", cluster).isZero();
            }
        }
    }

    private void add(Set<Long> used, long hostOffset, long clusters) {
        for (long i = 0; i < clusters; i++) {
            assertThat(used.add((hostOffset >>> geometry.clusterBits()) + i))
                    .as("cluster at %s used once", hostOffset)
                    .isTrue();
        }
    }

    private MetadataIo io() {
        return new MetadataIo() {
            @Override
            public ByteBuffer read(long hostOffset, int length) throws IOException {
                ByteBuffer bytes = ByteBuffer.allocate(length);
                host.read(bytes, hostOffset);
                return bytes.flip();
            }

            @Override
            public void write(ByteBuffer bytes, long hostOffset) throws IOException {
                host.write(bytes, hostOffset);
            }
        };
    }
}
