package io.jimg.storage;

import io.jimg.BlockDevice;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.Limits;
import io.jimg.ZeroMode;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A device as a storage of fixed length: a format inside another image, such as a qcow2 file that lies on a raw device
 * with an offset. Owns the device.
 */
public final class BlockDeviceStorage implements Storage {
    private final BlockDevice device;
    private final String name;

    /** A storage over {@code device}, which it closes. */
    public BlockDeviceStorage(BlockDevice device) {
        this.device = device;
        this.name = device instanceof io.jimg.DiskImage image ? image.name() : device.toString();
    }

    @Override
    public BlockDevice device() {
        return device;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String protocol() {
        return device instanceof io.jimg.DiskImage image ? image.format() : "device";
    }

    @Override
    public Object identity() {
        return device;
    }

    @Override
    public boolean readOnly() {
        return device.readOnly();
    }

    @Override
    public long size() {
        return device.size();
    }

    @Override
    public long allocatedSize() throws IOException {
        return device instanceof io.jimg.DiskImage image ? image.allocatedSize() : device.size();
    }

    @Override
    public Limits limits() {
        return device.limits();
    }

    @Override
    public void read(ByteBuffer destination, long hostOffset) throws IOException {
        int wanted = destination.remaining();
        int inside = (int) Math.max(0, Math.min(wanted, device.size() - hostOffset));
        if (inside > 0) {
            device.read(destination.slice(destination.position(), inside), hostOffset);
        }
        destination.position(destination.position() + inside);
        while (destination.hasRemaining()) {
            destination.put((byte) 0);
        }
    }

    @Override
    public void write(ByteBuffer source, long hostOffset) throws IOException {
        checkFits(hostOffset + source.remaining());
        device.write(source, hostOffset);
    }

    @Override
    public Outcome zero(long hostOffset, long length, boolean keepAllocated) throws IOException {
        checkFits(hostOffset + length);
        if (keepAllocated) {
            device.writeZeroes(hostOffset, length, ZeroMode.KEEP_ALLOCATED);
            return Outcome.DONE;
        }
        try {
            device.writeZeroes(hostOffset, length, ZeroMode.ONLY_IF_FAST);
            return Outcome.DONE;
        } catch (ImageException slow) {
            if (slow.kind() == ErrorKind.UNSUPPORTED) {
                return Outcome.UNSUPPORTED;
            }
            throw slow;
        }
    }

    @Override
    public void discard(long hostOffset, long length) throws IOException {
        device.discard(hostOffset, length);
    }

    @Override
    public Outcome punch(long hostOffset, long length) throws IOException {
        return zero(hostOffset, length, false);
    }

    @Override
    public Outcome allocate(long hostOffset, long length) {
        return Outcome.UNSUPPORTED;
    }

    @Override
    public void truncate(long newSize) throws IOException {
        checkFits(newSize);
    }

    @Override
    public boolean growsWithZeroes() {
        return false;
    }

    @Override
    public HostExtent extentAt(long hostOffset, long length) throws IOException {
        Extent extent = device.extentAt(hostOffset, length);
        return new HostExtent(hostOffset, extent.length(), extent.zero() && !extent.data());
    }

    @Override
    public Outcome copyFrom(Storage source, long sourceOffset, long hostOffset, long length) {
        return Outcome.UNSUPPORTED;
    }

    @Override
    public void flush() throws IOException {
        device.flush();
    }

    @Override
    public void close() throws IOException {
        device.close();
    }

    private void checkFits(long end) throws ImageException {
        if (end > device.size()) {
            throw new ImageException(
                    ErrorKind.NO_SPACE, "No space left on device", name, ImageException.NO_OFFSET, null);
        }
    }
}
