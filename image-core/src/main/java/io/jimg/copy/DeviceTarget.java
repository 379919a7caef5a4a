package io.jimg.copy;

import io.jimg.BlockDevice;
import io.jimg.ZeroMode;
import io.jimg.capability.CompressedWrite;
import io.jimg.spi.ImageWriter.Placement;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An image that is written at any offset. What allocates on a write does so in guest order, unless another order is
 * welcome.
 */
final class DeviceTarget implements CopyTarget {
    /** The largest unit of allocation that there is. */
    static final int LARGEST_UNIT = 2 << 20;

    private final BlockDevice device;
    private final @Nullable CompressedWrite compressed;
    private final boolean zeroed;
    private final boolean anyOrder;
    private final int largestUnit;

    /**
     * Over a device that stays the caller's.
     *
     * @param compressed how compressed runs are written to it; null where data stays plain
     * @param zeroed whether it reads as zeroes everywhere
     * @param anyOrder whether writes may overtake each other
     * @param largestUnit bytes up to which the device's unit of allocation is taken for the {@link #unit}
     */
    DeviceTarget(
            BlockDevice device,
            @Nullable CompressedWrite compressed,
            boolean zeroed,
            boolean anyOrder,
            int largestUnit) {
        this.device = device;
        this.compressed = compressed;
        this.zeroed = zeroed;
        this.anyOrder = anyOrder;
        this.largestUnit = largestUnit;
    }

    /**
     * Whether it takes a source's runs as they are stored.
     *
     * @param sourceSize bytes of the source: where it ends within a run, the rest of that run must be past this
     *     device's end too
     */
    boolean accepts(String codec, int runLength, long sourceSize) {
        return compressed != null
                && compressed.codec().equals(codec)
                && compressed.runLength() == runLength
                && (sourceSize % runLength == 0 || sourceSize == device.size());
    }

    @Override
    public int unit() {
        if (compressed != null) {
            return compressed.runLength();
        }
        return Math.max(
                device.limits().requestAlignment(),
                Math.min(largestUnit, device.limits().zeroAlignment()));
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
            case COMPRESSED, STORED ->
                () -> Objects.requireNonNull(compressed)
                        .writeCompressed(piece.guestOffset(), Objects.requireNonNull(piece.bytes()));
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
    public boolean compress(ByteBuffer source, ByteBuffer destination) throws IOException {
        CompressedWrite how = Objects.requireNonNull(compressed);
        // What follows the source's shorter last run may be data of this device's own.
        return source.remaining() == how.runLength() && how.compress(source, destination);
    }

    @Override
    public void finish() throws IOException {
        device.flush();
    }
}
