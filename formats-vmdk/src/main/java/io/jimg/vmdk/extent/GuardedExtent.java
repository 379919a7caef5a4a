package io.jimg.vmdk.extent;

import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.ZeroMode;
import io.jimg.storage.Storage;
import io.jimg.vmdk.descriptor.ExtentAccess;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * An extent that the descriptor lets nobody write, or not even read.
 *
 * @param inner the extent; zeroes of its size where it is not to be read
 * @param access what the descriptor lets be done, less than {@link ExtentAccess#RW}
 */
public record GuardedExtent(DiskExtent inner, ExtentAccess access) implements DiskExtent {

    @Override
    public long size() {
        return inner.size();
    }

    @Override
    public @Nullable Storage file() {
        return inner.file();
    }

    @Override
    public int grainSize() {
        return inner.grainSize();
    }

    @Override
    public boolean compressed() {
        return inner.compressed();
    }

    @Override
    public void read(ByteBuffer destination, long offset) throws IOException {
        if (access == ExtentAccess.NOACCESS) {
            throw new ImageException(ErrorKind.PERMISSION, "The descriptor lets nobody read this extent");
        }
        inner.read(destination, offset);
    }

    @Override
    public void requireWritable() throws IOException {
        throw readOnly();
    }

    @Override
    public void write(ByteBuffer source, long offset) throws IOException {
        throw readOnly();
    }

    @Override
    public void zero(long offset, long length, ZeroMode mode) throws IOException {
        throw readOnly();
    }

    private static ImageException readOnly() {
        return new ImageException(ErrorKind.READ_ONLY, "The descriptor lets nobody write this extent");
    }

    @Override
    public Extent at(long offset, long length) throws IOException {
        return access == ExtentAccess.NOACCESS ? Extent.opaque(offset, length) : inner.at(offset, length);
    }

    @Override
    public void flush() {
        // Nothing was written.
    }
}
