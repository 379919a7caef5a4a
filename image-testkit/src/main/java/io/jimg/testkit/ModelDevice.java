package io.jimg.testkit;

import io.jimg.BlockDevice;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.Limits;
import io.jimg.ZeroMode;
import io.jimg.spi.AbstractBlockDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The plainest device that keeps the whole contract: an array of bytes in units that are absent, zero or data, over a
 * backing device if there is one. For tests of whatever stands on a device, with limits as awkward as a test wants
 * them. Every hook is atomic.
 */
public final class ModelDevice extends AbstractBlockDevice {
    private enum State {
        ABSENT,
        ZERO,
        DATA
    }

    private final byte[] bytes;
    private final State[] units;
    private final Limits limits;
    private final int unit;
    private final boolean readOnly;
    private final @Nullable BlockDevice backing;
    private int flushes;

    /** An empty device of single bytes. */
    public ModelDevice(int size) {
        this(size, Limits.BYTES);
    }

    /** An empty device with those limits; what is in one {@link Limits#zeroAlignment()} shares its state. */
    public ModelDevice(int size, Limits limits) {
        this(new byte[size], limits, false, false, null);
    }

    /** A device of single bytes with a content. */
    public static ModelDevice of(byte[] content, boolean readOnly) {
        return new ModelDevice(content, Limits.BYTES, true, readOnly, null);
    }

    /** An empty layer over a backing device, which it closes. */
    public static ModelDevice over(BlockDevice backing, int size, int unit) {
        return new ModelDevice(new byte[size], Limits.BYTES.withCluster(unit), false, false, backing);
    }

    private ModelDevice(
            byte[] content, Limits limits, boolean present, boolean readOnly, @Nullable BlockDevice backing) {
        super(content.length);
        this.bytes = content.clone();
        this.limits = limits;
        this.unit = Math.max(limits.zeroAlignment(), limits.requestAlignment());
        this.units = new State[Math.toIntExact((content.length + (long) unit - 1) / unit)];
        java.util.Arrays.fill(units, present ? State.DATA : State.ABSENT);
        this.readOnly = readOnly;
        this.backing = backing;
    }

    /** How many flushes have reached it. */
    public synchronized int flushes() {
        return flushes;
    }

    @Override
    public Limits limits() {
        return limits;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    protected synchronized void doRead(ByteBuffer destination, long offset) throws IOException {
        long at = offset;
        while (destination.hasRemaining()) {
            int count = (int) Math.min(destination.remaining(), (at / unit + 1) * unit - at);
            fill(destination.slice(destination.position(), count), at);
            destination.position(destination.position() + count);
            at += count;
        }
    }

    private void fill(ByteBuffer piece, long at) throws IOException {
        State state = units[(int) (at / unit)];
        int inside = (int) Math.max(0, Math.min(piece.remaining(), bytes.length - at));
        if (state == State.DATA) {
            piece.put(bytes, (int) at, inside);
        } else if (state == State.ABSENT && backing != null && at < backing.size()) {
            int below = (int) Math.min(inside, backing.size() - at);
            backing.read(piece.slice(piece.position(), below), at);
            piece.position(piece.position() + below);
        }
        while (piece.hasRemaining()) {
            piece.put((byte) 0);
        }
    }

    @Override
    protected synchronized void doWrite(ByteBuffer source, long offset) throws IOException {
        long at = offset;
        while (source.hasRemaining()) {
            int count = (int) Math.min(source.remaining(), (at / unit + 1) * unit - at);
            materialise((int) (at / unit));
            int inside = (int) Math.max(0, Math.min(count, bytes.length - at));
            source.get(bytes, (int) at, inside);
            source.position(source.position() + count - inside);
            at += count;
        }
    }

    /** Makes a unit data, with what it read as. */
    private void materialise(int number) throws IOException {
        if (units[number] != State.DATA) {
            int start = number * unit;
            int length = Math.min(unit, bytes.length - start);
            fill(ByteBuffer.wrap(bytes, start, length).slice(), start);
            units[number] = State.DATA;
        }
    }

    @Override
    protected synchronized void doWriteZeroes(long offset, long length, ZeroMode mode) throws IOException {
        boolean whole = offset % unit == 0 && ((offset + length) % unit == 0 || offset + length >= bytes.length);
        if (mode == ZeroMode.ONLY_IF_FAST && !whole) {
            throw new ImageException(ErrorKind.UNSUPPORTED, "Only whole units can be zeroed without writing data");
        }
        if (whole) {
            for (long at = offset; at < offset + length; at += unit) {
                units[(int) (at / unit)] = State.ZERO;
            }
        } else {
            super.doWriteZeroes(offset, length, mode);
        }
    }

    @Override
    protected synchronized void doDiscard(long offset, long length) {
        for (long at = (offset + unit - 1) / unit * unit; at + unit <= offset + length; at += unit) {
            units[(int) (at / unit)] = State.ZERO;
        }
    }

    @Override
    protected synchronized Extent doExtentAt(long offset, long length, int layers) throws IOException {
        State state = units[(int) (offset / unit)];
        long end = offset + length;
        long next = (offset / unit + 1) * unit;
        while (next < end && units[(int) (next / unit)] == state) {
            next += unit;
        }
        long run = Math.min(end, next) - offset;
        return switch (state) {
            case DATA -> Extent.data(offset, run, offset, "model");
            case ZERO -> Extent.zero(offset, run);
            case ABSENT -> beneath(offset, run, layers);
        };
    }

    private Extent beneath(long offset, long run, int layers) throws IOException {
        if (backing == null) {
            return Extent.absent(offset, run, true);
        }
        if (layers == 1) {
            return Extent.absent(offset, run, false);
        }
        return offset < backing.size()
                ? backing.extentAt(
                                offset,
                                Math.min(run, backing.size() - offset),
                                layers == BlockDevice.ALL_LAYERS ? layers : layers - 1)
                        .deeper()
                : Extent.absent(offset, run, true);
    }

    @Override
    protected synchronized void doFlush() {
        flushes++;
    }

    @Override
    protected void doClose() throws IOException {
        if (backing != null) {
            backing.close();
        }
    }
}
