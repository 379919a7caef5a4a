package io.jimg.vmdk.sparse;

import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.ZeroMode;
import io.jimg.storage.Storage;
import io.jimg.storage.StorageEvent;
import io.jimg.vmdk.extent.Beneath;
import io.jimg.vmdk.extent.DiskExtent;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** An extent of grains, whatever its tables are like. */
public final class SparseExtent implements DiskExtent {
    private final Storage file;
    private final long size;
    private final int grainSize;
    private final GrainMap map;
    private final Beneath beneath;
    private final @Nullable CompressedGrains compressed;
    private final @Nullable GrainWriter writer;
    private final boolean unclean;

    SparseExtent(
            Storage file,
            long size,
            int grainSize,
            GrainMap map,
            Beneath beneath,
            @Nullable CompressedGrains compressed,
            @Nullable GrainWriter writer,
            boolean unclean) {
        this.file = file;
        this.size = size;
        this.grainSize = grainSize;
        this.map = map;
        this.beneath = beneath;
        this.compressed = compressed;
        this.writer = writer;
        this.unclean = unclean;
    }

    /** Whether the file has a hosted sparse extent's header. */
    public boolean hosted() {
        return !(map instanceof SeSparseTables) && !copyOnWrite();
    }

    /** Whether the file is a copy-on-write extent of ESX Server. */
    public boolean copyOnWrite() {
        return map instanceof GrainTables tables && tables.foreign();
    }

    /** Whether it can be written. */
    public boolean writable() {
        return writer != null;
    }

    /** Opens the extent's file again for writing, after it was changed. */
    public SparseExtent reopened(GrainCodec codec) throws IOException {
        return SparseExtents.hosted(
                file,
                SparseExtents.readHeader(file),
                beneath,
                SparseExtents.Access.WRITE,
                codec,
                TableBudget.unlimited());
    }

    /**
     * Forgets all grains, so that what is beneath shows everywhere; gives their space back to the host where it can.
     */
    public void empty() throws IOException {
        writer().empty();
    }

    /** The same extent with its end left out. */
    public SparseExtent cutTo(long newSize) {
        return new SparseExtent(file, newSize, grainSize, map, beneath, compressed, writer, unclean);
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public Storage file() {
        return file;
    }

    @Override
    public int grainSize() {
        return grainSize;
    }

    @Override
    public boolean compressed() {
        return compressed != null;
    }

    @Override
    public boolean unclean() {
        GrainWriter used = writer;
        return used == null ? unclean : used.unclean();
    }

    @Override
    public void read(ByteBuffer destination, long offset) throws IOException {
        int limit = destination.limit();
        long at = offset;
        try {
            while (destination.position() < limit) {
                int left = limit - destination.position();
                int within = (int) (at % grainSize);
                GrainRun run = map.find(at / grainSize, ((long) within + left + grainSize - 1) / grainSize);
                int length = (int) Math.min(left, run.grains() * grainSize - within);
                destination.limit(destination.position() + length);
                readRun(destination, run, at, within);
                at += length;
            }
        } finally {
            destination.limit(limit);
        }
    }

    private void readRun(ByteBuffer destination, GrainRun run, long at, int within) throws IOException {
        switch (run.kind()) {
            case ABSENT -> beneath.read(destination, at);
            case ZERO -> Beneath.fillWithZeroes(destination);
            case DATA -> {
                CompressedGrains streams = compressed;
                if (streams == null) {
                    file.about(StorageEvent.READ_AIO);
                    file.read(destination, run.hostOffset() + within);
                } else {
                    int needed = (int) Math.min(grainSize, size - (at - within));
                    streams.read(destination, at / grainSize, run.hostOffset(), within, needed);
                }
            }
            default -> throw new IllegalStateException("a grain of no kind: " + run);
        }
    }

    /**
     * Reads the compressed grain that starts at an offset; see {@link io.jimg.capability.CompressedRuns#readRun}.
     *
     * @param plain gets a whole grain
     * @param raw gets the raw deflate stream
     */
    public boolean readCompressed(long offset, ByteBuffer plain, ByteBuffer raw) throws IOException {
        CompressedGrains streams = compressed;
        if (streams == null || offset % grainSize != 0) {
            return false;
        }
        GrainRun run = map.find(offset / grainSize, 1);
        return run.kind() == GrainRun.Kind.DATA && streams.readStream(offset / grainSize, run.hostOffset(), plain, raw);
    }

    @Override
    public Extent at(long offset, long length) throws IOException {
        int within = (int) (offset % grainSize);
        GrainRun run = map.find(offset / grainSize, (within + length + grainSize - 1) / grainSize);
        long covered = Math.min(length, run.grains() * grainSize - within);
        return switch (run.kind()) {
            case ABSENT -> Extent.absent(offset, covered, !beneath.exists());
            case ZERO -> Extent.zero(offset, covered);
            case DATA ->
                compressed == null
                        ? Extent.data(offset, covered, run.hostOffset() + within, file.name())
                        : Extent.compressed(offset, covered, file.name());
        };
    }

    @Override
    public void requireWritable() throws IOException {
        writer();
    }

    @Override
    public void write(ByteBuffer source, long offset) throws IOException {
        writer().write(source, offset);
    }

    @Override
    public void zero(long offset, long length, ZeroMode mode) throws IOException {
        writer().zero(offset, length, mode);
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        writer().discard(offset, length);
    }

    @Override
    public void flush() throws IOException {
        GrainWriter used = writer;
        if (used != null) {
            used.flush();
        }
    }

    @Override
    public void finish() throws IOException {
        GrainWriter used = writer;
        if (used != null) {
            used.finish();
        }
    }

    private GrainWriter writer() throws ImageException {
        GrainWriter used = writer;
        if (used == null) {
            throw new ImageException(
                    ErrorKind.READ_ONLY,
                    "Extents of this kind are not written in place: a stream-optimised disk is written once, from its"
                            + " start to its end, and COWD and seSparse extents are read alone; convert the disk",
                    file.name(),
                    ImageException.NO_OFFSET,
                    null);
        }
        return used;
    }
}
