package io.jimg.qcow2.create;

import io.jimg.storage.ForwardingStorage;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** Notes the length of every write. */
final class CountingStorage extends ForwardingStorage {
    private final List<Long> writes;

    CountingStorage(Storage inner, List<Long> writes) {
        super(inner);
        this.writes = writes;
    }

    @Override
    public void write(ByteBuffer source, long hostOffset) throws IOException {
        writes.add((long) source.remaining());
        super.write(source, hostOffset);
    }
}
