package io.jimg.qcow2.image;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.Limits;
import io.jimg.ZeroMode;
import io.jimg.capability.Amendable;
import io.jimg.capability.BackingLink;
import io.jimg.capability.Bitmaps;
import io.jimg.capability.Checkable;
import io.jimg.capability.CompressedRuns;
import io.jimg.capability.CompressedWrite;
import io.jimg.capability.Emptiable;
import io.jimg.capability.Rebasable;
import io.jimg.capability.Repairable;
import io.jimg.capability.Resizable;
import io.jimg.capability.Snapshots;
import io.jimg.capability.VmState;
import io.jimg.crypto.LuksHeader;
import io.jimg.qcow2.bitmaps.BitmapRecording;
import io.jimg.qcow2.bitmaps.DirectoryFile;
import io.jimg.qcow2.change.BackingChange;
import io.jimg.qcow2.change.Emptying;
import io.jimg.qcow2.change.MetadataChange;
import io.jimg.qcow2.check.RefcountRebuild;
import io.jimg.qcow2.encryption.ImageCipher;
import io.jimg.qcow2.header.CryptMethod;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.IncompatibleFeature;
import io.jimg.qcow2.header.Qcow2Info;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.spi.AbstractBlockDevice;
import io.jimg.spi.Doc;
import io.jimg.spi.OpenContext;
import io.jimg.storage.Storage;
import io.jimg.storage.StorageEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An open qcow2 image. Ties together the way of a read ({@link GuestReader}), of a write and the capabilities; each
 * lives in a class of its own.
 */
public final class Qcow2Image extends AbstractBlockDevice implements DiskImage {
    private final Foundation foundation;
    private final boolean writable;
    private final Limits limits;
    private final Capabilities capabilities;
    private volatile Loaded loaded;
    // Why the file could not be loaded after a change; every request says so then.
    private volatile @Nullable IOException unloadable;
    // Whether the file is to be repaired and loaded anew before anything else is done with the image.
    private volatile boolean repairDue;
    private final Object repairLock = new Object();

    Qcow2Image(Foundation foundation, Loaded loaded) {
        super(loaded.header().size());
        this.foundation = foundation;
        this.loaded = loaded;
        this.writable = loaded.writePath() != null;
        this.limits = foundation.limits(loaded.header().clusterSize());
        this.capabilities = capabilities();
    }

    private Capabilities capabilities() {
        Capabilities all = new Capabilities()
                .with(BackingLink.class, new HeaderBackingLink(this))
                .with(Snapshots.class, new InternalSnapshots(this))
                .with(VmState.class, new MachineState(this))
                .with(Bitmaps.class, new PersistentBitmaps(this))
                .with(Checkable.class, () -> new FlushedCheck(this));
        if (writable) {
            all.with(
                            Resizable.class,
                            (newSize, preallocation, shrink) -> new ImageResize(this, newSize, preallocation, shrink))
                    .with(Amendable.class, ImageAmend.capabilityOf(this))
                    .with(Emptiable.class, () -> exclusively(new Emptying()))
                    .with(Rebasable.class, (name, format) -> exclusively(new BackingChange(name, format)));
        }
        if (foundation.context().writable()) {
            all.with(Repairable.class, mode -> new FlushedRepair(this, mode));
        }
        if (!header().hasDataFile()) {
            all.with(CompressedRuns.class, new LiveRuns(this));
            // A stream would show what is encrypted everywhere else.
            if (writable && !encrypted()) {
                all.with(CompressedWrite.class, new CompressedWriting(this, foundation.compression()));
            }
        }
        return all;
    }

    static Limits limits(GuestMap map) {
        return Limits.BYTES.withCluster(map.codec().geometry().clusterSize());
    }

    @Override
    public Limits limits() {
        return limits;
    }

    @Override
    public boolean readOnly() {
        return !writable;
    }

    @Override
    public String format() {
        return "qcow2";
    }

    @Override
    public String name() {
        return context().imageName(foundation.files().file());
    }

    @Override
    public @Nullable DiskImage backing() {
        return foundation.files().backing();
    }

    @Override
    public long allocatedSize() throws IOException {
        Storage data = foundation.files().data();
        return foundation.files().file().allocatedSize()
                + (foundation.files().externalData() && data != null ? data.allocatedSize() : 0);
    }

    @Override
    public Doc formatSpecific() throws IOException {
        Storage file = foundation.files().file();
        LuksHeader luks = header().cryptMethod() == CryptMethod.LUKS
                ? ImageCipher.luksHeader(file, header()).header()
                : null;
        return Qcow2Info.of(header(), DirectoryFile.read(file, header()), luks);
    }

    @Override
    public int clusterSize() {
        return header().clusterSize();
    }

    @Override
    public int subclusterSize() {
        return header().extendedL2() ? clusterSize() / Geometry.SUBCLUSTERS : clusterSize();
    }

    @Override
    public boolean encrypted() {
        return header().cryptMethod() != CryptMethod.NONE;
    }

    @Override
    public boolean dirty() {
        WritePath writePath = loaded.writePath();
        return writePath != null ? writePath.dirty() : header().incompatible().has(IncompatibleFeature.DIRTY);
    }

    @Override
    public List<Child> children() {
        List<Child> children = new ArrayList<>();
        children.add(new Child("file", foundation.files().file()));
        Storage data = foundation.files().data();
        if (foundation.files().externalData() && data != null) {
            children.add(new Child("data-file", data));
        }
        return children;
    }

    @Override
    public <T> Optional<T> capability(Class<T> type) {
        return capabilities.find(type);
    }

    @Override
    protected void doRead(ByteBuffer destination, long offset) throws IOException {
        Loaded now = loaded();
        GuestReader reader = now.reader();
        if (reader == null) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED, "The image was opened for its metadata alone", name(), offset, null);
        }
        WritePath writePath = now.writePath();
        if (writePath == null) {
            reader.read(destination, offset);
            return;
        }
        long token = writePath.enter();
        try {
            reader.read(destination, offset);
        } finally {
            writePath.leave(token);
        }
    }

    @Override
    protected void doWrite(ByteBuffer source, long offset) throws IOException {
        writePath(loaded()).write(source, offset);
    }

    @Override
    protected void doWriteZeroes(long offset, long length, ZeroMode mode) throws IOException {
        writePath(loaded()).zero(offset, length, mode);
    }

    @Override
    protected void doDiscard(long offset, long length) throws IOException {
        writePath(loaded()).discard(offset, length);
    }

    @Override
    protected Extent doExtentAt(long offset, long length, int layers) throws IOException {
        Loaded now = loaded();
        WritePath writePath = now.writePath();
        if (writePath == null) {
            return now.extents().at(offset, length, layers);
        }
        // Metadata is read for the answer; its clusters, too, are used again only when nobody reads them.
        long token = writePath.enter();
        try {
            return now.extents().at(offset, length, layers);
        } finally {
            writePath.leave(token);
        }
    }

    @Override
    protected boolean writeThrough() {
        return writable && foundation.context().cache().writeThrough();
    }

    @Override
    protected void doFlush() throws IOException {
        foundation.files().file().about(StorageEvent.FLUSH_TO_OS);
        writePath(loaded()).flush();
    }

    @Override
    protected void doClose() throws IOException {
        try (Foundation toClose = foundation) {
            WritePath writePath = loaded.writePath();
            if (writePath != null && unloadable == null && !repairDue) {
                finish(writePath);
            }
        }
    }

    // ---- for the capabilities --------------------------------------------------------------------------------------

    /**
     * A use of the image as it is loaded.
     *
     * @param <T> the result
     */
    @FunctionalInterface
    interface Use<T> {
        /** Uses it. */
        T of(Loaded loaded) throws IOException;
    }

    /**
     * A look at the file, or its repair.
     *
     * @param <T> the result
     */
    @FunctionalInterface
    interface Inspection<T> {
        /** Does it. */
        T of(Storage file, Header header) throws IOException;
    }

    Foundation foundation() {
        return foundation;
    }

    OpenContext context() {
        return foundation.context();
    }

    /** The header as of the last load; size, tables and names in it hold until the next {@link #exclusively change}. */
    Header header() {
        return loaded.header();
    }

    /** Uses the image in a request. */
    <T> T use(Use<T> use) throws IOException {
        return asRequest(() -> use.of(loaded()));
    }

    void writeCompressed(long guestOffset, ByteBuffer stream) throws IOException {
        asRequest(() -> {
            long length = Math.min(clusterSize(), size() - guestOffset);
            writePath(loaded()).writeCompressed(guestOffset, length, stream);
            return true;
        });
    }

    /** Reads what lies behind the disk, at an offset counted from the disk's start. */
    void readState(ByteBuffer destination, long offset) throws IOException {
        asRequest(() -> {
            doRead(destination, offset);
            return true;
        });
    }

    /** Writes what lies behind the disk; the L1 table reaches so far. No bitmap records it. */
    void writeState(ByteBuffer source, long offset) throws IOException {
        if (!writable) {
            throw new ImageException(ErrorKind.READ_ONLY, "The device is open for reading only");
        }
        asRequest(() -> {
            writePath(loaded()).writeState(source, offset);
            return true;
        });
    }

    /** Looks at the file while it holds all that is known of the image and nobody changes it. */
    <T> T undisturbed(Inspection<T> inspection) throws IOException {
        return alone(() -> {
            WritePath writePath = loaded().writePath();
            if (writePath != null) {
                writePath.flush();
                // What the first flush has freed is counted less only in memory.
                writePath.flush();
            }
            return inspection.of(foundation.files().file(), readHeader());
        });
    }

    /**
     * Repairs the file while nobody else uses the image, which is loaded anew afterwards, and after a failure too. An
     * image that has met damage has nothing in memory that would be worth writing.
     */
    <T> T repaired(Inspection<T> repair) throws IOException {
        return alone(() -> {
            WritePath writePath = loaded().writePath();
            if (writePath != null && !writePath.header().corrupt()) {
                writePath.finish();
            }
            T result;
            try {
                result = repair.of(foundation.files().file(), header());
            } catch (Throwable failure) {
                reloadAfter(failure);
                throw failure;
            }
            reload();
            return result;
        });
    }

    /**
     * Changes the image's metadata while nobody else uses the image. Everything is written before, refcounts that are
     * lazy included; requests that come meanwhile wait; afterwards, and after a failure too, the image is loaded anew.
     *
     * @throws ImageException {@link ErrorKind#READ_ONLY}; {@link ErrorKind#CORRUPT} where the image is marked so
     */
    <T> T exclusively(MetadataChange<T> change) throws IOException {
        if (!writable) {
            throw new ImageException(ErrorKind.READ_ONLY, "The device is open for reading only");
        }
        return alone(() -> {
            WritePath writePath = writePath(loaded());
            writePath.header().beforeWrite();
            finish(writePath);
            Header header = Qcow2Opener.readHeader(foundation.files().file());
            T result;
            try {
                result = change.apply(access(header, writePath));
                writePath.finish();
            } catch (Throwable failure) {
                reloadAfter(failure);
                throw failure;
            }
            reload();
            return result;
        });
    }

    private ExclusiveAccess access(Header header, WritePath path) {
        return new ExclusiveAccess(foundation.files(), context().notices(), header, path);
    }

    /** Writes everything that the file lacks, recorded bitmaps included. */
    private void finish(WritePath path) throws IOException {
        path.finish();
        BitmapRecording recording = path.recording();
        if (recording != null && recording.pending()) {
            Header header = Qcow2Opener.readHeader(foundation.files().file());
            recording.store(access(header, path));
            path.finish();
        }
    }

    /**
     * A storage that has just failed is not written to for a repair before somebody asks for the image again; if nobody
     * does, whoever opens it next repairs it.
     */
    private void reloadAfter(Throwable failure) {
        try {
            Header header = readHeader();
            if (needsRepair(header)) {
                setSize(header.size());
                repairDue = true;
            } else {
                reload();
            }
        } catch (IOException second) {
            failure.addSuppressed(second);
        }
    }

    private void reload() throws IOException {
        try {
            foundation.compressed().forget();
            Header header = readHeader();
            if (needsRepair(header)) {
                RefcountRebuild.run(foundation.files().file(), header);
                header = readHeader();
            }
            loaded = new Qcow2Loader(foundation, header).load();
            setSize(header.size());
        } catch (IOException failure) {
            unloadable = failure;
            throw failure;
        }
    }

    /** Whether a change failed where refcounts were in between. */
    private boolean needsRepair(Header header) {
        return writable && header.incompatible().has(IncompatibleFeature.DIRTY);
    }

    /** No request has seen what is loaded here, for every one comes by: so nothing is in flight. */
    private void repairIfDue() throws IOException {
        synchronized (repairLock) {
            if (repairDue) {
                repairDue = false;
                reload();
            }
        }
    }

    private Header readHeader() throws IOException {
        return Qcow2Opener.readHeader(foundation.files().file(), foundation.context());
    }

    private Loaded loaded() throws IOException {
        if (repairDue) {
            repairIfDue();
        }
        IOException failure = unloadable;
        if (failure != null) {
            throw new ImageException(
                    ErrorKind.IO,
                    "The image could not be loaded again after its metadata was changed: " + failure.getMessage(),
                    name(),
                    ImageException.NO_OFFSET,
                    failure);
        }
        return loaded;
    }

    private static WritePath writePath(Loaded loaded) {
        return Objects.requireNonNull(loaded.writePath(), "the base lets no write through to a read-only image");
    }
}
