package io.jimg.vmm.virtio;

import io.jimg.BlockDevice;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.WriteFlag;
import io.jimg.ZeroMode;
import io.jimg.vmm.ExportCounters;
import io.jimg.vmm.ExportStatistics;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * A virtio block device (VIRTIO 1.2, section 5.2) on a {@link BlockDevice}: its features, its configuration space and
 * its requests. Transport (PCI, MMIO) and interrupts are the monitor's. Safe for many threads.
 *
 * <p>Where the device's size is no multiple of the logical block, what is left at its end can't be reached by the
 * guest. A driver that has not accepted {@link VirtioFeatures#BLK_FLUSH}, or has switched the cache off, finds each
 * write durable when it completes.
 */
public final class VirtioBlk {
    private static final int UNMAP = 1;
    private static final int SEGMENT = 16;
    private static final WriteFlag[] CACHED = {};
    private static final WriteFlag[] DURABLE = {WriteFlag.FUA};

    private final BlockDevice device;
    private final VirtioBlkSettings settings;
    private final boolean writable;
    private final long sectors;
    private final ByteBuffer config;
    private final ExportCounters counters = new ExportCounters();
    private volatile long accepted;
    private volatile boolean writeback = true;

    /**
     * Shows a device.
     *
     * @param device of any format; it stays the caller's, who closes it after the last request
     */
    public VirtioBlk(BlockDevice device, VirtioBlkSettings settings) {
        this.device = device;
        this.settings = settings;
        this.writable = !settings.readOnly() && !device.readOnly();
        int block = settings.logicalBlock();
        this.sectors = device.size() / block * (block / BlkConfig.SECTOR);
        this.config = BlkConfig.of(sectors, device.limits(), settings, writable);
    }

    /** The features that are offered, as {@link VirtioFeatures} names them. */
    public long features() {
        return VirtioFeatures.VERSION_1
                | VirtioFeatures.RING_INDIRECT_DESC
                | VirtioFeatures.RING_EVENT_IDX
                | VirtioFeatures.BLK_SEG_MAX
                | VirtioFeatures.BLK_SIZE
                | VirtioFeatures.BLK_TOPOLOGY
                | VirtioFeatures.BLK_FLUSH
                | VirtioFeatures.BLK_CONFIG_WCE
                | (settings.queues() > 1 ? VirtioFeatures.BLK_MQ : 0)
                | (writable ? VirtioFeatures.BLK_DISCARD | VirtioFeatures.BLK_WRITE_ZEROES : VirtioFeatures.BLK_RO);
    }

    /**
     * Takes the driver's choice; queues made afterwards follow it.
     *
     * @return whether it is acceptable: some of what is offered, and nothing else
     */
    public boolean accept(long features) {
        if ((features & ~features()) != 0) {
            return false;
        }
        accepted = features;
        return true;
    }

    /** What the driver has accepted. */
    public long accepted() {
        return accepted;
    }

    /** How many queues a driver may use. */
    public int queues() {
        return settings.queues();
    }

    /**
     * Reads the configuration space, which is 72 bytes; behind them are zeroes.
     *
     * @param offset of the first byte, at least 0
     */
    public void readConfig(int offset, ByteBuffer destination) {
        for (int at = offset; destination.hasRemaining(); at++) {
            byte value = at < BlkConfig.LENGTH ? config.get(at) : 0;
            destination.put(at == BlkConfig.WRITEBACK ? (byte) (writeback ? 1 : 0) : value);
        }
    }

    /**
     * Writes the configuration space as a driver does.
     *
     * @param offset of the first byte
     * @return false, and nothing is changed, where it isn't the one field that may be written, writeback, or the driver
     *     has not accepted {@link VirtioFeatures#BLK_CONFIG_WCE}
     */
    public boolean writeConfig(int offset, ByteBuffer source) {
        if (offset != BlkConfig.WRITEBACK
                || source.remaining() != 1
                || (accepted & VirtioFeatures.BLK_CONFIG_WCE) == 0) {
            return false;
        }
        byte value = source.get();
        if (value != 0 && value != 1) {
            return false;
        }
        writeback = value == 1;
        return true;
    }

    /** Back to what a driver finds that has not begun. Queues that were made are of no more use. */
    public void reset() {
        accepted = 0;
        writeback = true;
    }

    /**
     * A queue, as the driver has set it up, from its first chain on.
     *
     * @param interrupt called on the thread that completes requests when the driver wants to be interrupted; quick
     */
    public VirtioBlkQueue queue(GuestMemory memory, QueueRings rings, Runnable interrupt) {
        return queue(memory, rings, 0, interrupt);
    }

    /**
     * A queue that goes on where another left off.
     *
     * @param nextAvailable what {@link VirtioBlkQueue#stop()} returned
     */
    public VirtioBlkQueue queue(GuestMemory memory, QueueRings rings, int nextAvailable, Runnable interrupt) {
        return new VirtioBlkQueue(this, memory, rings, nextAvailable, interrupt);
    }

    /** What has been asked of the device by all queues and otherwise. */
    public ExportStatistics statistics() {
        return counters.statistics();
    }

    /**
     * Carries a request out on this thread, straight between the disk and the guest's memory.
     *
     * @return how it ended; no failure of the disk is thrown
     */
    public VirtioBlkStatus execute(VirtioBlkRequest request) {
        long length = request.length();
        counters.count(kind(request.type()), length);
        VirtioBlkStatus status;
        try {
            status = dispatch(request, length);
        } catch (ImageException failure) {
            status = failure.kind() == ErrorKind.UNSUPPORTED ? VirtioBlkStatus.UNSUPP : VirtioBlkStatus.IOERR;
        } catch (IOException failure) {
            status = VirtioBlkStatus.IOERR;
        }
        if (status != VirtioBlkStatus.OK) {
            counters.countFailure();
        }
        return status;
    }

    private static ExportCounters.Request kind(int type) {
        return switch (type) {
            case VirtioBlkRequest.READ -> ExportCounters.Request.READ;
            case VirtioBlkRequest.WRITE -> ExportCounters.Request.WRITE;
            case VirtioBlkRequest.FLUSH -> ExportCounters.Request.FLUSH;
            default -> ExportCounters.Request.OTHER;
        };
    }

    private VirtioBlkStatus dispatch(VirtioBlkRequest request, long length) throws IOException {
        switch (request.type()) {
            case VirtioBlkRequest.READ -> {
                if (!isInside(request.sector(), length)) {
                    return VirtioBlkStatus.IOERR;
                }
                if (request.data().length == 1) {
                    device.read(request.data()[0], request.sector() * BlkConfig.SECTOR);
                } else {
                    device.read(request.data(), request.sector() * BlkConfig.SECTOR);
                }
                return VirtioBlkStatus.OK;
            }
            case VirtioBlkRequest.WRITE -> {
                if (!writable || !isInside(request.sector(), length)) {
                    return VirtioBlkStatus.IOERR;
                }
                if (request.data().length == 1) {
                    device.write(request.data()[0], request.sector() * BlkConfig.SECTOR, durability());
                } else {
                    device.write(request.data(), request.sector() * BlkConfig.SECTOR, durability());
                }
                return VirtioBlkStatus.OK;
            }
            case VirtioBlkRequest.FLUSH -> {
                device.flush();
                return VirtioBlkStatus.OK;
            }
            case VirtioBlkRequest.GET_ID -> {
                return identify(request.data(), length);
            }
            case VirtioBlkRequest.DISCARD, VirtioBlkRequest.WRITE_ZEROES -> {
                return clear(request, length);
            }
            default -> {
                return VirtioBlkStatus.UNSUPP;
            }
        }
    }

    private WriteFlag[] durability() {
        boolean cached = writeback && (accepted & VirtioFeatures.BLK_FLUSH) != 0;
        return cached ? CACHED : DURABLE;
    }

    /** Whether a range is of whole blocks and inside the device; a length of 0 is. */
    private boolean isInside(long sector, long length) {
        return length % settings.logicalBlock() == 0
                && length <= Integer.MAX_VALUE
                && sector >= 0
                && sector % (settings.logicalBlock() / BlkConfig.SECTOR) == 0
                && sector <= sectors - length / BlkConfig.SECTOR;
    }

    private VirtioBlkStatus identify(ByteBuffer[] data, long length) {
        byte[] serial = settings.serial().getBytes(StandardCharsets.US_ASCII);
        if (length < VirtioBlkSettings.LONGEST_SERIAL) {
            return VirtioBlkStatus.IOERR;
        }
        int at = 0;
        for (ByteBuffer each : data) {
            for (; each.hasRemaining() && at < VirtioBlkSettings.LONGEST_SERIAL; at++) {
                each.put(at < serial.length ? serial[at] : 0);
            }
        }
        return VirtioBlkStatus.OK;
    }

    /** A range of a discard or a write of zeroes. */
    private record Range(long sector, long length, boolean unmap) {}

    private VirtioBlkStatus clear(VirtioBlkRequest request, long length) throws IOException {
        boolean discard = request.type() == VirtioBlkRequest.DISCARD;
        if (!writable) {
            return VirtioBlkStatus.IOERR;
        }
        if (length == 0 || length % SEGMENT != 0 || length / SEGMENT > BlkConfig.RANGES) {
            return VirtioBlkStatus.IOERR;
        }
        // The guest may change them meanwhile: they are read once, and all are checked before any is carried out.
        ByteBuffer copy = ByteBuffer.allocate((int) length).order(ByteOrder.LITTLE_ENDIAN);
        for (ByteBuffer each : request.data()) {
            copy.put(each);
        }
        copy.flip();
        Range[] ranges = new Range[(int) length / SEGMENT];
        for (int i = 0; i < ranges.length; i++) {
            long sector = copy.getLong();
            long count = Integer.toUnsignedLong(copy.getInt());
            int flags = copy.getInt();
            if ((flags & ~UNMAP) != 0 || (discard && flags != 0)) {
                return VirtioBlkStatus.UNSUPP;
            }
            if (count > (discard ? BlkConfig.DISCARD_SECTORS : BlkConfig.ZERO_SECTORS)
                    || !isInside(sector, count * BlkConfig.SECTOR)) {
                return VirtioBlkStatus.IOERR;
            }
            ranges[i] = new Range(sector, count * BlkConfig.SECTOR, flags == UNMAP);
        }
        for (Range each : ranges) {
            if (discard) {
                device.discard(each.sector * BlkConfig.SECTOR, each.length);
            } else {
                ZeroMode mode = each.unmap ? ZeroMode.MAY_UNMAP : ZeroMode.KEEP_ALLOCATED;
                device.writeZeroes(each.sector * BlkConfig.SECTOR, each.length, mode, durability());
            }
        }
        return VirtioBlkStatus.OK;
    }
}
