package io.jimg.storage;

import io.jimg.BlockDevice;
import io.jimg.Limits;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The base of storages that stand on one other, which they close: each call is passed on unless a subclass changes it.
 */
public class ForwardingStorage implements Storage {
    private final Storage inner;

    /** Over {@code inner}. */
    protected ForwardingStorage(Storage inner) {
        this.inner = inner;
    }

    @Override
    public void about(StorageEvent event) throws IOException {
        inner.about(event);
    }

    @Override
    public @Nullable BlockDevice device() {
        return inner.device();
    }

    @Override
    public String name() {
        return inner.name();
    }

    @Override
    public String protocol() {
        return inner.protocol();
    }

    @Override
    public Object identity() {
        return inner.identity();
    }

    @Override
    public String kind() {
        return inner.kind();
    }

    @Override
    public boolean readOnly() {
        return inner.readOnly();
    }

    @Override
    public long size() throws IOException {
        return inner.size();
    }

    @Override
    public long allocatedSize() throws IOException {
        return inner.allocatedSize();
    }

    @Override
    public Limits limits() {
        return inner.limits();
    }

    @Override
    public void read(ByteBuffer destination, long hostOffset) throws IOException {
        inner.read(destination, hostOffset);
    }

    @Override
    public void write(ByteBuffer source, long hostOffset) throws IOException {
        inner.write(source, hostOffset);
    }

    @Override
    public Outcome writeDurably(ByteBuffer source, long hostOffset) throws IOException {
        return inner.writeDurably(source, hostOffset);
    }

    @Override
    public Outcome zero(long hostOffset, long length, boolean keepAllocated) throws IOException {
        return inner.zero(hostOffset, length, keepAllocated);
    }

    @Override
    public Outcome zeroIfFast(long hostOffset, long length) throws IOException {
        return inner.zeroIfFast(hostOffset, length);
    }

    @Override
    public void discard(long hostOffset, long length) throws IOException {
        inner.discard(hostOffset, length);
    }

    @Override
    public Outcome punch(long hostOffset, long length) throws IOException {
        return inner.punch(hostOffset, length);
    }

    @Override
    public Outcome allocate(long hostOffset, long length) throws IOException {
        return inner.allocate(hostOffset, length);
    }

    @Override
    public void truncate(long newSize) throws IOException {
        inner.truncate(newSize);
    }

    @Override
    public boolean growsWithZeroes() {
        return inner.growsWithZeroes();
    }

    @Override
    public HostExtent extentAt(long hostOffset, long length) throws IOException {
        return inner.extentAt(hostOffset, length);
    }

    @Override
    public Outcome copyFrom(Storage source, long sourceOffset, long hostOffset, long length) throws IOException {
        return inner.copyFrom(source, sourceOffset, hostOffset, length);
    }

    @Override
    public Outcome stopCopyOnWrite() throws IOException {
        return inner.stopCopyOnWrite();
    }

    @Override
    public Outcome hintExtentSize(long bytes) throws IOException {
        return inner.hintExtentSize(bytes);
    }

    @Override
    public void share(Sharing sharing) throws IOException {
        inner.share(sharing);
    }

    @Override
    public void flush() throws IOException {
        inner.flush();
    }

    @Override
    public void close() throws IOException {
        inner.close();
    }

    @Override
    public String toString() {
        return inner.toString();
    }
}
