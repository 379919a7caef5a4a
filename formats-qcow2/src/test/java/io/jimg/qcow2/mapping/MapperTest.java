package io.jimg.qcow2.mapping;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

/** Two L2 tables of an image with 512-byte clusters, or one with subclusters, in an array. */
class MapperTest {
    private static final int CLUSTER = 512;
    private static final Geometry GEOMETRY = new Geometry(9, false, 4);
    private static final EntryCodec CODEC = new EntryCodec(GEOMETRY, 3, false);
    private static final long TABLE = GEOMETRY.tableCoverage();

    private final ByteBuffer host = ByteBuffer.allocate(64 << 10).order(ByteOrder.BIG_ENDIAN);

    @Test
    void dataRunsGoOnOverTablesAsLongAsTheHostDoes() throws IOException {
        for (int i = 0; i < 64; i++) {
            entry(0, i, CODEC.dataEntry(0x100000 + (long) i * CLUSTER));
            entry(1, i, CODEC.dataEntry(0x100000 + (64L + i) * CLUSTER));
        }
        entry(1, 10, CODEC.dataEntry(0x200000));
        Mapper mapper = mapper(2);
        assertThat(mapper.find(100, 2 * TABLE - 100))
                .isEqualTo(new Run(RunKind.DATA, 100, TABLE + 10 * CLUSTER - 100, 0x100000 + 100, true, 0));
        assertThat(mapper.find(0, 300)).isEqualTo(new Run(RunKind.DATA, 0, 300, 0x100000, true, 0));
        assertThat(mapper.find(TABLE + 10 * CLUSTER, TABLE - 10 * CLUSTER).length())
                .isEqualTo(CLUSTER);
    }

    @Test
    void whatIsSharedIsARunOfItsOwn() throws IOException {
        entry(0, 0, CODEC.dataEntry(0x100000));
        entry(0, 1, 0x100000 + CLUSTER);
        Run first = mapper(1).find(0, TABLE);
        assertThat(first.length()).isEqualTo(CLUSTER);
        assertThat(first.writableInPlace()).isTrue();
        assertThat(mapper(1).find(CLUSTER, CLUSTER).writableInPlace()).isFalse();
    }

    @Test
    void missingTablesAreOneRun() throws IOException {
        Mapper mapper = mapper(0);
        assertThat(mapper.find(7, 5 * TABLE))
                .isEqualTo(new Run(RunKind.UNALLOCATED, 7, 5 * TABLE, Run.NOWHERE, false, 0));
    }

    @Test
    void aCompressedRunIsOneClusterAtMost() throws IOException {
        entry(0, 0, CODEC.compressedEntry(0x10123, 100));
        entry(0, 1, CODEC.compressedEntry(0x10223, 100));
        Run run = mapper(1).find(12, TABLE - 12);
        assertThat(run).isEqualTo(new Run(RunKind.COMPRESSED, 12, CLUSTER - 12, 0x10123, false, 0x10200 - 0x10123));
    }

    @Test
    void subclustersAreToldApart() throws IOException {
        Geometry geometry = new Geometry(14, true, 4);
        EntryCodec codec = new EntryCodec(geometry, 3, false);
        host.putLong(1 << 14, codec.dataEntry(0x100000));
        host.putLong((1 << 14) + 8, 0b0111L | 0b1000L << 32);
        host.putLong((1 << 14) + 16, codec.dataEntry(0x104000));
        L1Table l1 = new L1Table(geometry, ByteBuffer.allocate(Long.BYTES));
        l1.set(0, 1 << 14);
        Mapper mapper =
                new Mapper(codec, l1, new L2Cache(geometry, l1, 4096, 2, this::read, () -> {}), failure -> failure);
        assertThat(mapper.find(100, 1 << 15))
                .isEqualTo(new Run(RunKind.DATA, 100, 3 * 512 - 100, 0x100000 + 100, true, 0));
        assertThat(mapper.find(3 * 512, 1 << 15))
                .isEqualTo(new Run(RunKind.ZERO_RESERVED, 3 * 512, 512, 0x100000 + 3 * 512, true, 0));
        // What is left of the cluster and the next cluster, all unwritten, follow each other on the host as well.
        assertThat(mapper.find(4 * 512, 1 << 15))
                .isEqualTo(new Run(
                        RunKind.UNALLOCATED_RESERVED, 4 * 512, (1 << 15) - 4 * 512, 0x100000 + 4 * 512, true, 0));
    }

    @Test
    void damageIsToldAndThrown() {
        Geometry wide = new Geometry(12, false, 4);
        L1Table l1 = new L1Table(wide, ByteBuffer.allocate(Long.BYTES));
        l1.set(0, 1 << 12);
        host.putLong((1 << 12) + 5 * Long.BYTES, 0x100200);
        boolean[] told = new boolean[1];
        L2Cache cache = new L2Cache(wide, l1, 4096, 2, this::read, () -> {});
        Mapper mapper = new Mapper(new EntryCodec(wide, 3, false), l1, cache, failure -> {
            told[0] = true;
            return new ImageException(ErrorKind.CORRUPT, "told: " + failure.getMessage());
        });
        assertThatThrownBy(() -> mapper.find(5 << 12, 1))
                .hasMessage("told: Cluster allocation offset 0x100200 unaligned (L2 offset: 0x1000, L2 index: 0x5)");
        assertThat(told[0]).isTrue();
    }

    @Test
    void aTableThatIsNoClustersIsDamage() {
        L1Table l1 = new L1Table(
                new Geometry(16, false, 4),
                ByteBuffer.allocate(Long.BYTES).putLong(0x10200).flip());
        assertThatThrownBy(() -> l1.tableOffset(0)).hasMessage("L2 table offset 0x10200 unaligned (L1 index: 0)");
    }

    private void entry(int table, int index, long value) {
        host.putLong((table + 1) * CLUSTER + index * Long.BYTES, value);
    }

    private Mapper mapper(int tables) {
        L1Table l1 = l1(tables);
        return new Mapper(CODEC, l1, new L2Cache(GEOMETRY, l1, CLUSTER, 4, this::read, () -> {}), failure -> failure);
    }

    private static L1Table l1(int tables) {
        L1Table l1 = new L1Table(GEOMETRY, ByteBuffer.allocate(8 * Long.BYTES));
        for (int i = 0; i < tables; i++) {
            l1.set(i, (i + 1L) * CLUSTER);
        }
        return l1;
    }

    private ByteBuffer read(long hostOffset, int length) {
        return host.duplicate().position((int) hostOffset).limit((int) hostOffset + length);
    }
}
