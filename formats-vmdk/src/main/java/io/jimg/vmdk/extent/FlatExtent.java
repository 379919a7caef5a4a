package io.jimg.vmdk.extent;

import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.ZeroMode;
import io.jimg.spi.Zeroes;
import io.jimg.storage.HostExtent;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Bytes as they are, in a file from some offset on. What lies past the file's end reads as zero. */
public record FlatExtent(Storage file, long start, long size) implements DiskExtent {

    @Override
    public void read(ByteBuffer destination, long offset) throws IOException {
        file.read(destination, start + offset);
    }

    @Override
    public void write(ByteBuffer source, long offset) throws IOException {
        file.write(source, start + offset);
    }

    @Override
    public void zero(long offset, long length, ZeroMode mode) throws IOException {
        if (file.zero(start + offset, length, mode == ZeroMode.KEEP_ALLOCATED) == Outcome.DONE) {
            return;
        }
        if (mode == ZeroMode.ONLY_IF_FAST) {
            throw new ImageException(ErrorKind.UNSUPPORTED, "Zeroes cannot be written without writing data");
        }
        Zeroes.write(length, (zeroes, at) -> file.write(zeroes, start + offset + at));
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        // A host that cannot punch holes keeps the old bytes, which is what a discard may do.
        file.punch(start + offset, length);
    }

    @Override
    public Extent at(long offset, long length) throws IOException {
        long hostOffset = start + offset;
        long stored = file.size() - hostOffset;
        if (stored <= 0) {
            return stored(offset, length, hostOffset, true);
        }
        HostExtent run = file.extentAt(hostOffset, Math.min(length, stored));
        return stored(offset, run.length(), hostOffset, run.hole());
    }

    /** As QEMU says it: what the file has no blocks for is this extent's data all the same. */
    private Extent stored(long offset, long length, long hostOffset, boolean hole) {
        return new Extent(offset, length, true, true, hole, false, 0, hostOffset, file.name());
    }

    @Override
    public void flush() throws IOException {
        file.flush();
    }
}
