package io.jimg.filter;

import io.jimg.BlockDevice;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.Limits;
import io.jimg.ZeroMode;
import io.jimg.capability.CompressedWrite;
import io.jimg.spi.AbstractBlockDevice;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A device that writes compressed runs: a write of less is filled up with what is there, and data that does not become
 * smaller is written as it is. Where there is plain data already nothing is written over it, as QEMU has it.
 */
final class CompressingDevice extends AbstractBlockDevice {
    private final BlockDevice inner;
    private final CompressedWrite writer;
    private final Limits limits;

    CompressingDevice(BlockDevice inner, CompressedWrite writer) {
        super(inner.size());
        this.inner = inner;
        this.writer = writer;
        int run = writer.runLength();
        Limits of = inner.limits();
        this.limits = new Limits(
                run,
                Math.max(run, of.zeroAlignment()),
                Math.max(run, of.discardAlignment()),
                of.bufferAlignment(),
                Math.max(run, of.preferredTransfer()),
                of.largestTransfer() / run * run);
    }

    @Override
    public Limits limits() {
        return limits;
    }

    @Override
    public boolean readOnly() {
        return inner.readOnly();
    }

    @Override
    protected void doRead(ByteBuffer destination, long offset) throws IOException {
        int inside = (int) Math.max(0, Math.min(destination.remaining(), inner.size() - offset));
        inner.read(destination.slice(destination.position(), inside), offset);
        destination.position(destination.position() + inside);
        while (destination.hasRemaining()) {
            destination.put((byte) 0);
        }
    }

    @Override
    protected void doWrite(ByteBuffer source, long offset) throws IOException {
        int run = writer.runLength();
        ByteBuffer plain = ByteBuffer.allocate(run);
        ByteBuffer stream = ByteBuffer.allocate(run);
        for (long at = offset; source.hasRemaining(); at += run) {
            int length = Math.min(run, source.remaining());
            requireFree(at, (int) Math.min(length, inner.size() - at));
            plain.clear().put(0, source, source.position(), length);
            for (int i = length; i < run; i++) {
                plain.put(i, (byte) 0);
            }
            if (writer.compress(plain, stream.clear())) {
                writer.writeCompressed(at, stream.flip());
            } else {
                inner.write(plain.clear().limit((int) Math.min(run, inner.size() - at)), at);
            }
            source.position(source.position() + length);
        }
    }

    private void requireFree(long offset, int length) throws IOException {
        Extent there = inner.extentAt(offset, length, 1);
        if (there.present() && (there.data() || there.hostOffset() != Extent.NO_HOST_OFFSET)) {
            throw new ImageException(ErrorKind.IO, "There are bytes already, which cannot be overwritten compressed");
        }
    }

    @Override
    protected void doWriteZeroes(long offset, long length, ZeroMode mode) throws IOException {
        inner.writeZeroes(offset, Math.min(length, inner.size() - offset), mode);
    }

    @Override
    protected void doDiscard(long offset, long length) throws IOException {
        inner.discard(offset, Math.min(length, inner.size() - offset));
    }

    @Override
    protected Extent doExtentAt(long offset, long length, int layers) throws IOException {
        return inner.extentAt(offset, length, layers);
    }

    @Override
    protected void doFlush() throws IOException {
        inner.flush();
    }

    @Override
    protected void doClose() throws IOException {
        inner.close();
    }
}
