package io.jimg.qcow2.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class L1TableTest {
    private static final Geometry GEOMETRY = new Geometry(16, false, 4);

    @Test
    void onlySectorsThatChangedAreWritten() {
        L1Table table = new L1Table(GEOMETRY, ByteBuffer.allocate(200 * Long.BYTES));
        table.set(3, 0x50000);
        table.set(199, 0x60000);
        List<L1Table.Piece> pieces = table.takeDirty();
        assertThat(pieces).extracting(L1Table.Piece::index).containsExactly(0, 192);
        assertThat(pieces.get(0).bytes().remaining()).isEqualTo(512);
        assertThat(pieces.get(0).bytes().getLong(3 * Long.BYTES)).isEqualTo(0x50000 | EntryCodec.COPIED);
        assertThat(pieces.get(1).bytes().remaining()).isEqualTo(8 * Long.BYTES);
        assertThat(table.isDirty()).isFalse();

        table.markDirty(pieces.get(1));
        assertThat(table.takeDirty()).extracting(L1Table.Piece::index).containsExactly(192);
    }

    @Test
    void beyondTheTableThereIsNothing() throws Exception {
        L1Table table = new L1Table(GEOMETRY, ByteBuffer.allocate(Long.BYTES));
        assertThat(table.tableOffset(5)).isZero();
        assertThat(table.owned(5)).isFalse();
    }
}
