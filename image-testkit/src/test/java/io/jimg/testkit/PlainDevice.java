package io.jimg.testkit;

import io.jimg.Extent;
import io.jimg.Limits;
import io.jimg.spi.AbstractBlockDevice;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A device whose bytes lie in a storage as they are: enough of a format to test the testkit with. */
class PlainDevice extends AbstractBlockDevice {
    private final Storage storage;

    PlainDevice(Storage storage, long size) {
        super(size);
        this.storage = storage;
    }

    @Override
    public Limits limits() {
        return storage.limits();
    }

    @Override
    public boolean readOnly() {
        return storage.readOnly();
    }

    @Override
    protected void doRead(ByteBuffer destination, long offset) throws IOException {
        storage.read(destination, offset);
    }

    @Override
    protected void doWrite(ByteBuffer source, long offset) throws IOException {
        storage.write(source, offset);
    }

    @Override
    protected Extent doExtentAt(long offset, long length, int layers) {
        return Extent.data(offset, length, offset, storage.name());
    }

    @Override
    protected void doFlush() throws IOException {
        storage.flush();
    }

    @Override
    protected void doClose() throws IOException {
        storage.close();
    }
}
