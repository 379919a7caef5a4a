package io.jimg.vmdk.create;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.CompressedRuns;
import io.jimg.spi.ImageWriter;
import io.jimg.storage.Storage;
import io.jimg.vmdk.extent.Beneath;
import io.jimg.vmdk.sparse.GrainCodec;
import io.jimg.vmdk.sparse.SparseHeader;
import io.jimg.vmdk.sparse.SparseLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.function.Consumer;

/**
 * A stream-optimised disk in the making ("Virtual Disk Format 1.1", Stream-Optimized Compressed Sparse Extents):
 * header, descriptor, compressed grains with their markers, after each stretch of grains their table, at the end the
 * directory, the footer and the marker that ends the stream. No byte is written twice, and none before what goes before
 * it has its place. Before {@link #finish} there is no footer, and so no disk.
 */
final class StreamWriter implements ImageWriter {
    private static final int SECTOR = SparseHeader.SECTOR;
    private static final int GRAIN = SparseLayout.GRAIN;
    private static final int MARKER = 12;
    private static final int MARKER_TABLE = 1;
    private static final int MARKER_DIRECTORY = 2;
    private static final int MARKER_FOOTER = 3;
    private static final int MARKER_END = 0;
    private static final long MOST_SECTORS = 1L << 32;

    /** Room for any grain in whole sectors, with its marker; none is longer than one that is stored. */
    private static final int LONGEST = GRAIN + 2 * SECTOR;

    private final Storage file;
    private final SparseLayout layout;
    private final boolean parent;
    private final GrainCodec codec;
    private final SparseHeader header;
    private final int[] directory;
    private final ConcurrentLinkedDeque<ByteBuffer> buffers = new ConcurrentLinkedDeque<>();
    private final int[] table = new int[SparseLayout.TABLE_ENTRIES];
    private int tableIndex;
    private boolean tableUsed;
    /** First sector that nothing has. */
    private long next;

    /**
     * In an empty file, which it closes.
     *
     * @param parent whether a parent's bytes show where nothing is written
     */
    StreamWriter(Storage file, SparseLayout layout, byte[] descriptor, boolean parent, GrainCodec codec)
            throws IOException {
        this.file = file;
        this.layout = layout;
        this.parent = parent;
        this.codec = codec;
        this.directory = new int[layout.tables()];
        this.next = SparseLayout.GRAIN_SECTORS;
        this.header = header();
        ByteBuffer start = ByteBuffer.allocate(SparseLayout.GRAIN);
        start.put(header.bytes()).put(descriptor).clear();
        file.write(start, 0);
    }

    private SparseHeader header() {
        int flags = SparseHeader.FLAG_NEW_LINES
                | SparseHeader.FLAG_COMPRESSED
                | SparseHeader.FLAG_MARKERS
                | (layout.zeroedGrains() ? SparseHeader.FLAG_ZEROED_GRAIN : 0);
        return new SparseHeader(
                3,
                flags,
                layout.capacity(),
                SparseLayout.GRAIN_SECTORS,
                SparseLayout.DESCRIPTOR,
                SparseLayout.DESCRIPTOR_SECTORS,
                SparseLayout.TABLE_ENTRIES,
                0,
                SparseHeader.DIRECTORY_AT_END,
                SparseLayout.GRAIN_SECTORS,
                false,
                SparseHeader.DEFLATE);
    }

    @Override
    public int alignment() {
        return GRAIN;
    }

    @Override
    public boolean compressesAlways() {
        return true;
    }

    @Override
    public boolean accepts(String codecName, int runLength) {
        return codecName.equals(CompressedRuns.DEFLATE) && runLength == GRAIN;
    }

    @Override
    public boolean compress(ByteBuffer source, ByteBuffer destination) {
        return codec.deflate(whole(source), destination);
    }

    /** The disk's last grain is stored whole, with zeroes behind its end. */
    private static ByteBuffer whole(ByteBuffer grain) {
        if (grain.remaining() == GRAIN) {
            return grain;
        }
        return ByteBuffer.allocateDirect(GRAIN).put(grain.duplicate()).clear();
    }

    /** What did not become shorter: a stream that holds the bytes as they are. */
    @Override
    public Placement data(long guestOffset, ByteBuffer source) throws IOException {
        ByteBuffer bytes = source.slice();
        source.position(source.limit());
        int grains = (bytes.remaining() + GRAIN - 1) / GRAIN;
        int stream = GrainCodec.storedLength(GRAIN);
        long[] places = new long[grains];
        for (int i = 0; i < grains; i++) {
            places[i] = take(guestOffset / GRAIN + i, stream);
        }
        return () -> {
            for (int i = 0; i < grains; i++) {
                int length = Math.min(GRAIN, bytes.remaining() - i * GRAIN);
                ByteBuffer grain = whole(bytes.slice(i * GRAIN, length));
                write(guestOffset + (long) i * GRAIN, stream, places[i], out -> GrainCodec.store(grain, out));
            }
        };
    }

    @Override
    public void zero(long guestOffset, long length) throws IOException {
        if (!parent) {
            return;
        }
        for (long at = guestOffset; at < guestOffset + length; at += GRAIN) {
            if (layout.zeroedGrains()) {
                entry(at / GRAIN, 1);
            } else {
                ByteBuffer stream = ByteBuffer.allocate(GRAIN);
                codec.deflate(ByteBuffer.allocateDirect(GRAIN), stream);
                compressed(at, stream.flip()).write();
            }
        }
    }

    @Override
    public Placement compressed(long guestOffset, ByteBuffer stream) throws IOException {
        ByteBuffer bytes = stream.slice();
        stream.position(stream.limit());
        long place = take(guestOffset / GRAIN, bytes.remaining());
        return () -> write(guestOffset, bytes.remaining(), place, out -> out.put(bytes.duplicate()));
    }

    @Override
    public Placement carried(long guestOffset, ByteBuffer stream, ByteBuffer plain) throws IOException {
        ByteBuffer raw = stream.slice();
        stream.position(stream.limit());
        int length = GrainCodec.HEADER + raw.remaining() + GrainCodec.TRAILER;
        long place = take(guestOffset / GRAIN, length);
        return () -> write(guestOffset, length, place, out -> GrainCodec.wrap(raw, plain, out));
    }

    /** Writes a grain in whole sectors: its marker, its stream, zeroes. */
    private void write(long guestOffset, int streamLength, long place, Consumer<ByteBuffer> stream) throws IOException {
        ByteBuffer kept = buffers.pollFirst();
        ByteBuffer out =
                kept != null ? kept : ByteBuffer.allocateDirect(LONGEST).order(ByteOrder.LITTLE_ENDIAN);
        try {
            out.clear().limit(sectors(streamLength) * SECTOR);
            out.putLong(guestOffset / SECTOR).putInt(streamLength);
            stream.accept(out);
            Beneath.fillWithZeroes(out);
            file.write(out.flip(), place);
        } finally {
            buffers.addFirst(out);
        }
    }

    private static int sectors(int streamLength) {
        return (MARKER + streamLength + SECTOR - 1) / SECTOR;
    }

    /** A grain's place in the file, in bytes. */
    private long take(long grain, int streamLength) throws IOException {
        beginTable((int) (grain / SparseLayout.TABLE_ENTRIES));
        long sector = next;
        next += sectors(streamLength);
        if (next > MOST_SECTORS) {
            throw new ImageException(
                    ErrorKind.NO_SPACE,
                    "No space left on device: a stream cannot be longer than 2 TiB",
                    file.name(),
                    sector * SECTOR,
                    null);
        }
        entry(grain, (int) sector);
        return sector * SECTOR;
    }

    private void entry(long grain, int sector) throws IOException {
        beginTable((int) (grain / SparseLayout.TABLE_ENTRIES));
        table[(int) (grain % SparseLayout.TABLE_ENTRIES)] = sector;
        tableUsed = true;
    }

    private void beginTable(int index) throws IOException {
        if (index != tableIndex) {
            writeTable();
            tableIndex = index;
        }
    }

    private void writeTable() throws IOException {
        if (tableUsed) {
            directory[tableIndex] = (int) writeMetadata(MARKER_TABLE, table);
            Arrays.fill(table, 0);
            tableUsed = false;
        }
    }

    /** Writes a marker and, in whole sectors, what it announces; gives the sector of the latter. */
    private long writeMetadata(int type, int[] entries) throws IOException {
        int sectors = (entries.length * Integer.BYTES + SECTOR - 1) / SECTOR;
        ByteBuffer out = ByteBuffer.allocate((1 + sectors) * SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        putMarker(out, sectors, type);
        out.asIntBuffer().put(entries);
        file.write(out.clear(), next * SECTOR);
        long first = next + 1;
        next = first + sectors;
        return first;
    }

    private static void putMarker(ByteBuffer out, int sectors, int type) {
        int start = out.position();
        out.putLong(sectors).putInt(0).putInt(type);
        out.position(start + SECTOR);
    }

    @Override
    public void finish() throws IOException {
        writeTable();
        long place = writeMetadata(MARKER_DIRECTORY, directory);
        ByteBuffer out = ByteBuffer.allocate(3 * SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        putMarker(out, 1, MARKER_FOOTER);
        out.put(header.withDirectories(0, place).bytes());
        putMarker(out, 0, MARKER_END);
        // A footer says that all the rest is there.
        file.flush();
        file.write(out.clear(), next * SECTOR);
        file.flush();
    }

    @Override
    public void close() throws IOException {
        try (file) {
            codec.close();
        }
    }
}
