package io.jimg.vmdk.extent;

import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.ZeroMode;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Nothing but zeroes, and no file; zeroes alone can be written to it. */
public record ZeroExtent(long size) implements DiskExtent {

    @Override
    public @Nullable Storage file() {
        return null;
    }

    @Override
    public void read(ByteBuffer destination, long offset) {
        Beneath.fillWithZeroes(destination);
    }

    @Override
    public void write(ByteBuffer source, long offset) throws IOException {
        while (source.hasRemaining()) {
            if (source.get() != 0) {
                throw new ImageException(ErrorKind.READ_ONLY, "An extent of zeroes has no place for data");
            }
        }
    }

    @Override
    public void zero(long offset, long length, ZeroMode mode) {
        // It is.
    }

    @Override
    public Extent at(long offset, long length) {
        return Extent.zero(offset, length);
    }

    @Override
    public void flush() {
        // Nothing is kept.
    }
}
