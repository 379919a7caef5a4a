package io.jimg.vmdk.create;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.spi.ImageWriter.Placement;
import io.jimg.storage.Storage;
import io.jimg.vmdk.sparse.SparseHeader;
import io.jimg.vmdk.sparse.SparseLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A hosted sparse extent in the making: grains are appended in guest order, each grain table is written once, twice
 * over, and the header last, so that what was not finished is no extent. Memory is one grain table.
 */
final class SparseExtentWriter implements ExtentWriter {
    private static final int SECTOR = SparseHeader.SECTOR;
    private static final int GRAIN = SparseLayout.GRAIN;
    private static final long MOST_SECTORS = 1L << 32;

    private final Storage file;
    private final SparseLayout layout;
    private final byte[] descriptor;
    private final boolean parent;
    private final ByteBuffer table =
            ByteBuffer.allocate(SparseLayout.TABLE_ENTRIES * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    /** Which table {@link #table} is, and whether it has entries. */
    private int tableIndex;

    private boolean tableUsed;
    /** First host byte that nothing has. */
    private long next;

    /**
     * In an empty file, which it closes.
     *
     * @param descriptor what is embedded; empty for nothing
     * @param parent whether a parent's bytes show where nothing is written
     */
    SparseExtentWriter(Storage file, SparseLayout layout, byte[] descriptor, boolean parent) {
        this.file = file;
        this.layout = layout;
        this.descriptor = descriptor;
        this.parent = parent;
        this.next = layout.overhead() * SECTOR;
    }

    @Override
    public Placement data(long offset, ByteBuffer source) throws IOException {
        ByteBuffer bytes = source.slice();
        source.position(source.limit());
        long host = take(offset / GRAIN, (bytes.remaining() + GRAIN - 1) / GRAIN);
        return () -> file.write(bytes, host);
    }

    /** Grains of zeroes are holes in the file. */
    @Override
    public void zero(long offset, long length) throws IOException {
        if (!parent) {
            return;
        }
        long grains = (length + GRAIN - 1) / GRAIN;
        for (long i = 0; i < grains; i++) {
            if (layout.zeroedGrains()) {
                entry(offset / GRAIN + i, 1);
            } else {
                take(offset / GRAIN + i, 1);
            }
        }
    }

    private long take(long grain, int count) throws IOException {
        long host = next;
        next += (long) count * GRAIN;
        if (next / SECTOR > MOST_SECTORS) {
            throw new ImageException(
                    ErrorKind.NO_SPACE,
                    "No space left on device: the extent's file cannot be larger than 2 TiB",
                    file.name(),
                    host,
                    null);
        }
        for (int i = 0; i < count; i++) {
            entry(grain + i, (int) (host / SECTOR + (long) i * SparseLayout.GRAIN_SECTORS));
        }
        return host;
    }

    private void entry(long grain, int sector) throws IOException {
        int index = (int) (grain / SparseLayout.TABLE_ENTRIES);
        if (index != tableIndex) {
            writeTable();
            tableIndex = index;
        }
        table.putInt((int) (grain % SparseLayout.TABLE_ENTRIES) * Integer.BYTES, sector);
        tableUsed = true;
    }

    private void writeTable() throws IOException {
        if (tableUsed) {
            file.write(table.duplicate().clear(), layout.redundantTable(tableIndex) * SECTOR);
            file.write(table.duplicate().clear(), layout.table(tableIndex) * SECTOR);
            java.util.Arrays.fill(table.array(), (byte) 0);
            tableUsed = false;
        }
    }

    @Override
    public void finish() throws IOException {
        writeTable();
        layout.writeDirectories(file);
        if (descriptor.length > 0) {
            file.write(ByteBuffer.wrap(descriptor), (long) SparseLayout.DESCRIPTOR * SECTOR);
        }
        // The disk's last grain is whole, too.
        file.truncate(next);
        file.flush();
        file.write(layout.header().bytes(), 0);
        file.flush();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
