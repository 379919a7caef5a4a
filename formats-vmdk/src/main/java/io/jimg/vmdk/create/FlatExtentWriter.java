package io.jimg.vmdk.create;

import io.jimg.spi.ImageWriter.Placement;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A flat extent in a new file, whose bytes are zeroes by themselves. */
record FlatExtentWriter(Storage file) implements ExtentWriter {

    @Override
    public Placement data(long offset, ByteBuffer source) {
        ByteBuffer bytes = source.slice();
        source.position(source.limit());
        return () -> file.write(bytes, offset);
    }

    @Override
    public void zero(long offset, long length) {
        // The file has its length already.
    }

    @Override
    public void finish() throws IOException {
        file.flush();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
