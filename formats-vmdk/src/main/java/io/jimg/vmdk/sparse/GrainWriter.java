package io.jimg.vmdk.sparse;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.ZeroMode;
import io.jimg.spi.RangeLock;
import io.jimg.spi.Zeroes;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import io.jimg.storage.StorageEvent;
import io.jimg.vmdk.extent.Beneath;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes to an extent of plain grains. A grain that is there is overwritten where it lies; any other is appended to the
 * file, whole, with what surrounds the written bytes taken from beneath, and only then do the tables point to it. The
 * order on the disk is that of {@link GrainTables#writeBack}: at worst power loss leaves grains that nobody points to.
 *
 * <p>Lock order: grains, then tables.
 */
final class GrainWriter {
    private final Storage file;
    private final long size;
    private final TableLayout layout;
    private final GrainTables tables;
    private final HostSpace space;
    private final Beneath beneath;
    private final CleanMark mark;
    private final int grainSize;
    private final RangeLock grains = new RangeLock();

    GrainWriter(
            Storage file,
            long size,
            TableLayout layout,
            GrainTables tables,
            HostSpace space,
            Beneath beneath,
            CleanMark mark) {
        this.file = file;
        this.size = size;
        this.layout = layout;
        this.tables = tables;
        this.space = space;
        this.beneath = beneath;
        this.mark = mark;
        this.grainSize = layout.grainSize();
    }

    boolean unclean() {
        return mark.isSet();
    }

    void write(ByteBuffer source, long offset) throws IOException {
        mark.set();
        int limit = source.limit();
        long at = offset;
        try {
            while (source.position() < limit) {
                int left = limit - source.position();
                int within = (int) (at % grainSize);
                long wanted = ((long) within + left + grainSize - 1) / grainSize;
                GrainRun run = tables.find(at / grainSize, wanted);
                int length = (int) Math.min(left, run.grains() * grainSize - within);
                source.limit(source.position() + length);
                if (run.kind() == GrainRun.Kind.DATA) {
                    writeData(source, run.hostOffset() + within);
                } else {
                    length = writeNew(source, at, run.grains());
                }
                at += length;
                source.limit(limit);
            }
        } finally {
            source.limit(limit);
        }
    }

    /**
     * Writes to grains that were not there a moment ago; gives how many bytes, fewer than asked for where somebody else
     * has brought some.
     */
    private int writeNew(ByteBuffer source, long at, long count) throws IOException {
        long first = at / grainSize;
        int within = (int) (at % grainSize);
        try (RangeLock.Held held = grains.lock(first * grainSize, count * grainSize)) {
            GrainRun run = tables.find(first, count);
            int length = (int) Math.min(source.remaining(), run.grains() * grainSize - within);
            source.limit(source.position() + length);
            if (run.kind() == GrainRun.Kind.DATA) {
                writeData(source, run.hostOffset() + within);
                return length;
            }
            int grainsTaken = (within + length + grainSize - 1) / grainSize;
            long place = space.take((long) grainsTaken * grainSize);
            fill(source, at, place, grainsTaken, run.kind());
            tables.map(first, grainsTaken, place);
            return length;
        }
    }

    /** Writes whole grains: the source, and what surrounds it in the first and the last one. */
    private void fill(ByteBuffer source, long at, long place, int count, GrainRun.Kind before) throws IOException {
        int within = (int) (at % grainSize);
        int end = within + source.remaining();
        int tail = count * grainSize - end;
        if (within == 0 && tail == 0) {
            writeData(source, place);
            return;
        }
        if (count == 1) {
            ByteBuffer whole = ByteBuffer.allocateDirect(grainSize);
            surround(whole.limit(within), at - within, before);
            whole.limit(end).put(source);
            surround(whole.limit(grainSize), at - within + end, before);
            writeData(whole.flip(), place);
            return;
        }
        if (within > 0) {
            ByteBuffer head = ByteBuffer.allocateDirect(within);
            surround(head, at - within, before);
            writeData(head.flip(), place);
        }
        writeData(source, place + within);
        if (tail > 0) {
            ByteBuffer rest = ByteBuffer.allocateDirect(tail);
            surround(rest, at - within + end, before);
            writeData(rest.flip(), place + end);
        }
    }

    private void writeData(ByteBuffer bytes, long hostOffset) throws IOException {
        file.about(StorageEvent.WRITE_AIO);
        file.write(bytes, hostOffset);
    }

    /**
     * Fills a buffer with what the guest reads at an offset; zeroes past the extent's end, where the last grain may
     * reach.
     */
    private void surround(ByteBuffer destination, long offset, GrainRun.Kind before) throws IOException {
        if (before == GrainRun.Kind.ABSENT && beneath.exists() && offset < size) {
            int limit = destination.limit();
            int inside = (int) Math.min(destination.remaining(), size - offset);
            beneath.read(destination.limit(destination.position() + inside), offset);
            destination.limit(limit);
        }
        Beneath.fillWithZeroes(destination);
    }

    void zero(long offset, long length, ZeroMode mode) throws IOException {
        mark.set();
        long end = offset + length;
        for (long at = offset; at < end; ) {
            int within = (int) (at % grainSize);
            GrainRun run = tables.find(at / grainSize, (within + end - at + grainSize - 1) / grainSize);
            long covered = Math.min(end - at, run.grains() * grainSize - within);
            switch (run.kind()) {
                case DATA -> overwrite(run.hostOffset() + within, covered, mode);
                case ZERO -> {
                    if (mode == ZeroMode.KEEP_ALLOCATED) {
                        writeZeroes(at, covered);
                    }
                }
                default -> covered = zeroAbsent(at, covered, mode);
            }
            at += covered;
        }
    }

    private void overwrite(long hostOffset, long length, ZeroMode mode) throws IOException {
        if (file.zero(hostOffset, length, mode == ZeroMode.KEEP_ALLOCATED) == Outcome.UNSUPPORTED) {
            refuseSlow(mode);
            Zeroes.write(length, (zeroes, at) -> file.write(zeroes, hostOffset + at));
        }
    }

    private static void refuseSlow(ZeroMode mode) throws ImageException {
        if (mode == ZeroMode.ONLY_IF_FAST) {
            throw new ImageException(ErrorKind.UNSUPPORTED, "Zeroes cannot be written without writing data");
        }
    }

    /**
     * Zeroes in grains that are not there: nothing to do without a parent, an entry where the format has one, else
     * data.
     */
    private long zeroAbsent(long at, long length, ZeroMode mode) throws IOException {
        if (mode != ZeroMode.KEEP_ALLOCATED) {
            if (!beneath.exists()) {
                return length;
            }
            long first = (at + grainSize - 1) / grainSize;
            // The extent's last grain is whole where it ends.
            long last = at + length == size ? (size + grainSize - 1) / grainSize : (at + length) / grainSize;
            if (layout.zeroedGrains() && first * grainSize == at && last > first) {
                return zeroByEntries(first, last);
            }
            if (layout.zeroedGrains() && last > first) {
                length = first * grainSize - at;
            }
        }
        refuseSlow(mode);
        writeZeroes(at, length);
        return length;
    }

    private long zeroByEntries(long first, long last) throws IOException {
        try (RangeLock.Held held = grains.lock(first * grainSize, (last - first) * grainSize)) {
            GrainRun run = tables.find(first, last - first);
            if (run.kind() != GrainRun.Kind.ABSENT) {
                return 0;
            }
            tables.mapZero(first, (int) run.grains());
            return Math.min(size, (first + run.grains()) * grainSize) - first * grainSize;
        }
    }

    private void writeZeroes(long offset, long length) throws IOException {
        Zeroes.write(length, (zeroes, at) -> write(zeroes, offset + at));
    }

    /** Punches whole grains; their entries stay. */
    void discard(long offset, long length) throws IOException {
        mark.set();
        long end = offset + length;
        for (long at = offset; at < end; ) {
            int within = (int) (at % grainSize);
            GrainRun run = tables.find(at / grainSize, (within + end - at + grainSize - 1) / grainSize);
            long covered = Math.min(end - at, run.grains() * grainSize - within);
            if (run.kind() == GrainRun.Kind.DATA) {
                // A host that cannot punch holes keeps the old bytes, which is what a discard may do.
                file.punch(run.hostOffset() + within, covered);
            }
            at += covered;
        }
    }

    /** Forgets all grains. Nobody else uses the extent meanwhile. */
    void empty() throws IOException {
        mark.set();
        long grainsInAll = (size + grainSize - 1) / grainSize;
        for (long at = 0; at < grainsInAll; ) {
            // One table at a time: its runs are given back once nobody points to them on the disk either.
            long end = Math.min(grainsInAll, (at / layout.tableEntries() + 1) * layout.tableEntries());
            List<GrainRun> stored = new ArrayList<>();
            while (at < end) {
                GrainRun run = tables.find(at, end - at);
                if (run.kind() != GrainRun.Kind.ABSENT) {
                    tables.unmap(at, (int) run.grains());
                }
                if (run.kind() == GrainRun.Kind.DATA) {
                    stored.add(run);
                }
                at += run.grains();
            }
            if (!stored.isEmpty()) {
                flush();
                for (GrainRun run : stored) {
                    // A host that cannot punch holes keeps the space; the disk is as empty.
                    file.punch(run.hostOffset(), run.grains() * grainSize);
                }
            }
        }
        flush();
    }

    void flush() throws IOException {
        tables.writeBack();
        file.flush();
    }

    /** Flushes, and marks the extent as closed. */
    void finish() throws IOException {
        flush();
        mark.clear();
    }
}
