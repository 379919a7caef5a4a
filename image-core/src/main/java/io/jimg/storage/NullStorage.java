package io.jimg.storage;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Limits;
import java.nio.ByteBuffer;

/** Bytes that are nowhere: reads give zeroes, writes go nowhere. Its length is fixed. */
final class NullStorage implements Storage {
    private final String protocol;
    private final String name;
    private final long size;
    private final boolean readOnly;
    private final boolean knownZero;
    private volatile boolean closed;

    /**
     * A storage.
     *
     * @param size in bytes
     * @param knownZero whether all of it is known to be zero, or, as in QEMU, nothing is known of it
     */
    NullStorage(String protocol, String name, long size, boolean readOnly, boolean knownZero) {
        this.protocol = protocol;
        this.name = name;
        this.size = size;
        this.readOnly = readOnly;
        this.knownZero = knownZero;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String protocol() {
        return protocol;
    }

    @Override
    public Object identity() {
        return this;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public long size() throws ImageException {
        requireOpen();
        return size;
    }

    @Override
    public long allocatedSize() throws ImageException {
        requireOpen();
        return 0;
    }

    @Override
    public Limits limits() {
        return Limits.BYTES;
    }

    @Override
    public void read(ByteBuffer destination, long hostOffset) throws ImageException {
        requireOpen();
        while (destination.remaining() >= Long.BYTES) {
            destination.putLong(0);
        }
        while (destination.hasRemaining()) {
            destination.put((byte) 0);
        }
    }

    @Override
    public void write(ByteBuffer source, long hostOffset) throws ImageException {
        requireInside(hostOffset, source.remaining());
        source.position(source.limit());
    }

    @Override
    public Outcome zero(long hostOffset, long length, boolean keepAllocated) throws ImageException {
        requireInside(hostOffset, length);
        return Outcome.DONE;
    }

    @Override
    public Outcome punch(long hostOffset, long length) throws ImageException {
        requireInside(hostOffset, length);
        return Outcome.DONE;
    }

    @Override
    public Outcome allocate(long hostOffset, long length) throws ImageException {
        requireInside(hostOffset, length);
        return Outcome.DONE;
    }

    @Override
    public void truncate(long newSize) throws ImageException {
        requireInside(newSize, 0);
    }

    @Override
    public boolean growsWithZeroes() {
        return false;
    }

    @Override
    public HostExtent extentAt(long hostOffset, long length) throws ImageException {
        requireOpen();
        boolean zero = knownZero || hostOffset >= size;
        return new HostExtent(hostOffset, length, false, zero);
    }

    @Override
    public Outcome copyFrom(Storage source, long sourceOffset, long hostOffset, long length) throws ImageException {
        requireInside(hostOffset, length);
        return Outcome.UNSUPPORTED;
    }

    @Override
    public void flush() throws ImageException {
        requireOpen();
    }

    @Override
    public void close() {
        closed = true;
    }

    private void requireInside(long hostOffset, long length) throws ImageException {
        requireOpen();
        if (readOnly) {
            throw new ImageException(ErrorKind.READ_ONLY, "'" + name + "' is read-only");
        }
        if (hostOffset < 0 || length > size - hostOffset) {
            throw new ImageException(
                    ErrorKind.NO_SPACE, "'" + name + "' does not grow", name, ImageException.NO_OFFSET, null);
        }
    }

    private void requireOpen() throws ImageException {
        if (closed) {
            throw new ImageException(ErrorKind.CLOSED, "'" + name + "' is closed");
        }
    }
}
