package io.jimg.vmdk.create;

import io.jimg.spi.Closing;
import io.jimg.spi.ImageWriter;
import io.jimg.storage.Storage;
import io.jimg.vmdk.descriptor.ExtentLine;
import io.jimg.vmdk.sparse.SparseLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** A disk of plain extents in the making. The descriptor, where it has a file of its own, is written last. */
final class DiskWriter implements ImageWriter {
    private final Storage file;
    private final byte[] descriptor;
    private final List<ExtentLine> lines;
    private final List<ExtentWriter> extents;
    /** Guest offset of each extent, and of the disk's end. */
    private final List<Long> starts = new ArrayList<>();

    /**
     * A writer.
     *
     * @param file the file of the descriptor, which it closes
     * @param descriptor what is written to it; empty where it is embedded
     * @param lines the extents
     * @param extents their writers, which it closes
     */
    DiskWriter(Storage file, byte[] descriptor, List<ExtentLine> lines, List<ExtentWriter> extents) {
        this.file = file;
        this.descriptor = descriptor;
        this.lines = List.copyOf(lines);
        this.extents = List.copyOf(extents);
        long at = 0;
        for (ExtentLine line : lines) {
            starts.add(at);
            at += line.size();
        }
        starts.add(at);
    }

    @Override
    public int alignment() {
        return SparseLayout.GRAIN;
    }

    private int indexOf(long guestOffset) {
        int index = 0;
        while (index < lines.size() - 1 && starts.get(index + 1) <= guestOffset) {
            index++;
        }
        return index;
    }

    @Override
    public Placement data(long guestOffset, ByteBuffer source) throws IOException {
        List<Placement> placements = new ArrayList<>(1);
        int limit = source.limit();
        for (long at = guestOffset; source.position() < limit; ) {
            int index = indexOf(at);
            int length = (int) Math.min(limit - source.position(), starts.get(index + 1) - at);
            source.limit(source.position() + length);
            placements.add(extents.get(index).data(at - starts.get(index), source));
            source.limit(limit);
            at += length;
        }
        if (placements.size() == 1) {
            return placements.get(0);
        }
        return () -> {
            for (Placement each : placements) {
                each.write();
            }
        };
    }

    @Override
    public void zero(long guestOffset, long length) throws IOException {
        for (long at = guestOffset; at < guestOffset + length; ) {
            int index = indexOf(at);
            long some = Math.min(guestOffset + length, starts.get(index + 1)) - at;
            extents.get(index).zero(at - starts.get(index), some);
            at += some;
        }
    }

    /**
     * Nothing becomes shorter: these disks hold plain data, and what is to be compressed is written as it is, as QEMU
     * does.
     */
    @Override
    public boolean compress(ByteBuffer source, ByteBuffer destination) {
        return false;
    }

    @Override
    public void finish() throws IOException {
        for (ExtentWriter extent : extents) {
            extent.finish();
        }
        if (descriptor.length > 0) {
            file.write(ByteBuffer.wrap(descriptor), 0);
            file.flush();
        }
    }

    @Override
    public void close() throws IOException {
        List<AutoCloseable> all = new ArrayList<>(extents);
        all.add(file);
        Closing.all(all);
    }
}
