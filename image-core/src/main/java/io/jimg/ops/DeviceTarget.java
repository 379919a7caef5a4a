package io.jimg.ops;

import io.jimg.BlockDevice;
import io.jimg.ZeroMode;
import io.jimg.spi.ImageWriter.Placement;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;

/** An image that is written at any offset. What allocates on a write does so in guest order, unless another order is welcome. */
final class DeviceTarget implements CopyTarget {
    private static final int LARGEST_UNIT = 2 << 20;

    private final BlockDevice device;
    private final boolean zeroed;
    private final boolean anyOrder;

    /**
     * Over a device that stays the caller's.
     *
     * @param zeroed whether it reads as zeroes everywhere
     * @param anyOrder whether writes may overtake each other
     */
    DeviceTarget(BlockDevice device, boolean zeroed, boolean anyOrder) {
        this.device = device;
        this.zeroed = zeroed;
        this.anyOrder = anyOrder;
    }

    @Override
    public int unit() {
        return Math.max(
                device.limits().requestAlignment(),
                Math.min(LARGEST_UNIT, device.limits().zeroAlignment()));
    }

    @Override
    public Placement place(Piece piece) throws IOException {
        Placement placement = placement(piece);
        if (anyOrder) {
            return placement;
        }
        placement.write();
        return Placement.NONE;
    }

    private Placement placement(Piece piece) {
        return switch (piece.kind()) {
            case DATA -> () -> device.write(Objects.requireNonNull(piece.bytes()), piece.guestOffset());
            case ZERO ->
                zeroed
                        ? Placement.NONE
                        : () -> device.writeZeroes(piece.guestOffset(), piece.length(), ZeroMode.MAY_UNMAP);
            case SKIP -> Placement.NONE;
            default -> throw new IllegalStateException("a piece that was not worked on: " + piece);
        };
    }

    @Override
    public boolean copies() {
        return false;
    }

    @Override
    public boolean compress(ByteBuffer source, ByteBuffer destination) {
        throw new UnsupportedOperationException("this image takes no compressed data");
    }

    @Override
    public void finish() throws IOException {
        device.flush();
    }
}
