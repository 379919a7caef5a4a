package io.jimg.raw;

import io.jimg.BlockDevice;
import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.Limits;
import io.jimg.ZeroMode;
import io.jimg.capability.Resizable;
import io.jimg.spi.AbstractBlockDevice;
import io.jimg.spi.Doc;
import io.jimg.spi.OpenContext;
import io.jimg.spi.Zeroes;
import io.jimg.storage.BlockDeviceStorage;
import io.jimg.storage.HostExtent;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import io.jimg.storage.StorageEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An open raw image. Nothing stands between the guest's bytes and the file's but the window's start. */
final class RawImage extends AbstractBlockDevice implements DiskImage {
    private final Storage file;
    private final String name;
    private final Window window;
    private final boolean fixedSize;
    private final Resizable resizable = (newSize, mode, shrink) -> new RawResize(this, newSize, mode, shrink);
    private final boolean readOnly;
    private final CacheMode cache;
    private final Limits limits;
    /**
     * Set where the format was only found by content: what is written to the first sector must not change that finding.
     */
    private final @Nullable OpenContext prober;

    RawImage(Storage file, Window window, OpenContext context) {
        super(window.size());
        this.file = file;
        this.name = context.imageName(file);
        this.window = window;
        this.fixedSize = context.options().get(RawFormat.SIZE) != null;
        this.readOnly = !context.writable() || file.readOnly();
        this.cache = context.cache();
        this.prober = context.probed() && !readOnly ? context : null;
        this.limits = prober == null ? file.limits() : wholeSectors(file.limits());
    }

    private static Limits wholeSectors(Limits of) {
        int sector = Math.max(RawFormat.SECTOR, of.requestAlignment());
        return new Limits(
                sector,
                Math.max(sector, of.zeroAlignment()),
                Math.max(sector, of.discardAlignment()),
                of.bufferAlignment(),
                Math.max(sector, of.preferredTransfer() / sector * sector),
                Math.max(sector, of.largestTransfer() / sector * sector));
    }

    @Override
    public String format() {
        return "raw";
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public @Nullable DiskImage backing() {
        return null;
    }

    @Override
    public long allocatedSize() throws IOException {
        return file.allocatedSize();
    }

    /** The device right beneath, whose status passes through; null over anything else. */
    private @Nullable BlockDevice below() {
        return file instanceof BlockDeviceStorage storage ? storage.device() : null;
    }

    @Override
    public int clusterSize() {
        return below() instanceof DiskImage image ? image.clusterSize() : 0;
    }

    @Override
    public Doc formatSpecific() {
        return Doc.EMPTY;
    }

    @Override
    public List<Child> children() {
        return List.of(new Child("file", file));
    }

    @Override
    public <T> Optional<T> capability(Class<T> type) {
        return type == Resizable.class && !readOnly ? Optional.of(type.cast(resizable)) : Optional.empty();
    }

    /** Sets the length of the file. */
    @FunctionalInterface
    interface Resizing {
        /**
         * Resizes.
         *
         * @param fixedSize whether the window's size was stated
         * @return the disk's size from now on
         */
        long apply(Storage file, Window window, boolean fixedSize) throws IOException;
    }

    /** Resizes while no request is in flight. */
    long resize(Resizing resizing) throws IOException {
        return alone(() -> {
            long newSize = resizing.apply(file, window, fixedSize);
            setSize(newSize);
            return newSize;
        });
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
    protected boolean writeThrough() {
        return cache.writeThrough();
    }

    @Override
    protected void about(StorageEvent event) throws IOException {
        file.about(event);
    }

    @Override
    protected void doRead(ByteBuffer destination, long offset) throws IOException {
        file.about(StorageEvent.READ_AIO);
        file.read(destination, window.start() + offset);
    }

    @Override
    protected void doWrite(ByteBuffer source, long offset) throws IOException {
        if (prober != null && offset == 0) {
            checkFirstSector(source, prober);
        }
        long end = offset + source.remaining();
        file.about(StorageEvent.WRITE_AIO);
        file.write(source, window.start() + offset);
        if (end > size() && window.start() + size() > 0) {
            cutPadding();
        }
    }

    @Override
    protected Outcome doWriteDurably(ByteBuffer source, long offset) throws IOException {
        if (prober != null && offset == 0) {
            return Outcome.UNSUPPORTED;
        }
        return file.writeDurably(source, window.start() + offset);
    }

    @Override
    protected void doRead(ByteBuffer[] destinations, long offset) throws IOException {
        file.about(StorageEvent.READ_AIO);
        file.read(destinations, window.start() + offset);
    }

    @Override
    protected void doWrite(ByteBuffer[] sources, long offset) throws IOException {
        if (prober != null && offset == 0) {
            // What is looked at lies in one buffer then.
            super.doWrite(sources, offset);
            return;
        }
        file.about(StorageEvent.WRITE_AIO);
        file.write(sources, window.start() + offset);
    }

    /**
     * Takes off what a padded write added behind the disk's last byte; the base lets nobody else write there meanwhile.
     */
    private void cutPadding() throws IOException {
        long end = window.start() + size();
        if (file.growsWithZeroes() && file.size() > end && file.size() - end < limits.requestAlignment()) {
            file.truncate(end);
        }
    }

    private void checkFirstSector(ByteBuffer source, OpenContext context) throws IOException {
        ByteBuffer sector = source.slice(source.position(), Math.min(RawFormat.SECTOR, source.remaining()))
                .asReadOnlyBuffer();
        String found = context.formatOf(sector);
        if (found != null && !found.equals(format())) {
            throw new ImageException(
                    ErrorKind.PERMISSION, "Operation not permitted", file.name(), window.start(), null);
        }
    }

    @Override
    protected void doWriteZeroes(long offset, long length, ZeroMode mode) throws IOException {
        long hostOffset = window.start() + offset;
        Outcome outcome = mode == ZeroMode.ONLY_IF_FAST
                ? file.zeroIfFast(hostOffset, length)
                : file.zero(hostOffset, length, mode == ZeroMode.KEEP_ALLOCATED);
        if (outcome == Outcome.DONE) {
            return;
        }
        if (mode == ZeroMode.ONLY_IF_FAST) {
            throw new ImageException(ErrorKind.UNSUPPORTED, "Zeroes cannot be written without writing data");
        }
        Zeroes.write(length, (zeroes, at) -> file.write(zeroes, hostOffset + at));
    }

    @Override
    protected void doDiscard(long offset, long length) throws IOException {
        file.discard(window.start() + offset, length);
    }

    @Override
    protected Extent doExtentAt(long offset, long length, int layers) throws IOException {
        long hostOffset = window.start() + offset;
        BlockDevice below = below();
        if (below != null && hostOffset < below.size()) {
            // Its layers are not this image's: what lies in any of them lies beneath this one.
            return below.extentAt(hostOffset, Math.min(length, below.size() - hostOffset))
                    .at(offset)
                    .ofLayer(0);
        }
        // Where the host's cache is passed by, the file ends with a whole block.
        long block = file.limits().requestAlignment();
        long stored = (file.size() + block - 1) / block * block - hostOffset;
        if (stored <= 0) {
            return Extent.zeroAllocated(offset, length, hostOffset, file.name());
        }
        HostExtent run = file.extentAt(hostOffset, Math.min(length, stored));
        if (run.hole()) {
            return Extent.zeroAllocated(offset, run.length(), hostOffset, file.name());
        }
        if (!run.data()) {
            return Extent.absent(offset, run.length(), false);
        }
        Extent data = Extent.data(offset, run.length(), hostOffset, file.name());
        return run.zero() ? data.knownZero() : data;
    }

    @Override
    protected void doFlush() throws IOException {
        file.about(StorageEvent.FLUSH_TO_DISK);
        file.flush();
    }

    @Override
    protected void doClose() throws IOException {
        try (file) {
            if (!readOnly && !cache.noFlush()) {
                file.flush();
            }
        }
    }
}
