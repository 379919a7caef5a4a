package io.jimg.qcow2.image;

import io.jimg.DamageException;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.header.AutoclearFeature;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.qcow2.header.HeaderRewrite;
import io.jimg.qcow2.header.IncompatibleFeature;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The header of an open image, changed in place: one aligned sector, which a power loss leaves whole, with every byte
 * preserved that is not changed. Safe for many threads.
 */
final class HeaderSector {
    private static final int SECTOR = 512;

    private final Storage file;
    private final boolean hasFeatures;
    private final boolean lazyRefcounts;
    private final boolean noFlush;
    /** The autoclear bits whose promise we keep; QEMU stumbles over the bitmaps' bit where there are none. */
    private final long maintained;

    private ByteBuffer sector;
    private volatile boolean readyForWrites;
    private volatile boolean readyForAllocation;
    private volatile boolean dirty;
    private volatile @Nullable ImageException corrupt;

    /**
     * The header as it stands.
     *
     * @param lazyRefcounts whether refcounts may be left behind, so that the image is marked dirty first
     * @param noFlush whether nothing needs to reach the disk in order
     */
    HeaderSector(Storage file, Header header, boolean lazyRefcounts, boolean noFlush) throws IOException {
        this.file = file;
        this.hasFeatures = header.version() >= 3;
        this.lazyRefcounts = lazyRefcounts && hasFeatures;
        this.noFlush = noFlush;
        this.maintained = AutoclearFeature.RAW_EXTERNAL_DATA.mask()
                | (header.bitmaps() == null ? 0 : AutoclearFeature.BITMAPS.mask());
        this.sector = GuestMap.read(file, 0, SECTOR);
        this.dirty = header.incompatible().has(IncompatibleFeature.DIRTY);
        if (header.incompatible().has(IncompatibleFeature.CORRUPT)) {
            // A repair left damage behind.
            this.corrupt = new ImageException(ErrorKind.CORRUPT, "The image is marked corrupt", file.name(), 0, null);
        }
    }

    /** Before anything of the image is changed: clears the autoclear bits of what we do not maintain, durably. */
    void beforeWrite() throws IOException {
        if (!readyForWrites) {
            prepareForWrites();
        }
        ImageException found = corrupt;
        if (found != null) {
            throw new ImageException(found.kind(), found.getMessage(), file.name(), found.offset(), found);
        }
    }

    /** Before the first refcount changes: marks the image dirty, durably, where refcounts are lazy. */
    void beforeAllocation() throws IOException {
        if (!readyForAllocation) {
            prepareForAllocation();
        }
    }

    /** Whether anything of the image may have changed. */
    boolean changed() {
        return readyForWrites;
    }

    /** Whether damage was met since the image was loaded. */
    boolean corrupt() {
        return corrupt != null;
    }

    /** Whether the image is marked dirty. */
    boolean dirty() {
        return dirty;
    }

    /** Whether refcounts need not be written before {@link #clearDirty}. */
    boolean lazyRefcounts() {
        return lazyRefcounts;
    }

    /**
     * Marks the image corrupt, so that nobody writes to it until it was repaired, and refuses further writes here.
     * Version 2 has no such mark.
     *
     * @param failure what was found
     * @return what the caller throws: {@code failure} in QEMU's words, with what went wrong with the marking, too
     */
    synchronized ImageException markCorrupt(ImageException failure) {
        ImageException told = new DamageException(
                "qcow2: Marking image as corrupt: " + failure.getMessage()
                        + "; further corruption events will be suppressed",
                file.name(),
                failure.offset(),
                failure);
        if (corrupt != null) {
            return told;
        }
        corrupt = told;
        try {
            if (hasFeatures) {
                setIncompatible(IncompatibleFeature.CORRUPT, true);
            }
        } catch (IOException unmarked) {
            told.addSuppressed(unmarked);
        }
        return told;
    }

    /** Removes the dirty mark; what it stood for must be durable. */
    synchronized void clearDirty() throws IOException {
        setIncompatible(IncompatibleFeature.DIRTY, false);
        dirty = false;
        readyForAllocation = false;
    }

    /** Points the header at another refcount table, which must be durable; durable itself on return. */
    synchronized void setRefcountTable(long hostOffset, int clusters) throws IOException {
        change(copy().putLong(HeaderFields.REFCOUNT_TABLE_OFFSET, hostOffset)
                .putInt(HeaderFields.REFCOUNT_TABLE_CLUSTERS, clusters));
    }

    /** Changes fields in a copy of the sector and writes it; durable on return. */
    synchronized void change(Consumer<ByteBuffer> fields) throws IOException {
        ByteBuffer changed = copy();
        fields.accept(changed);
        change(changed);
    }

    /** Replaces the whole header, of which this is the first sector; durable on return. Nobody else may use it. */
    synchronized void rewrite(UnaryOperator<Header> change) throws IOException {
        try {
            HeaderRewrite.run(file, change.apply(Qcow2Opener.readHeader(file)));
        } finally {
            sector = GuestMap.read(file, 0, SECTOR);
        }
    }

    private synchronized void prepareForWrites() throws IOException {
        if (readyForWrites) {
            return;
        }
        if (hasFeatures) {
            long stored = sector.getLong(HeaderFields.AUTOCLEAR_FEATURES);
            long kept = stored & maintained;
            if (kept != stored) {
                change(copy().putLong(HeaderFields.AUTOCLEAR_FEATURES, kept));
            }
        }
        readyForWrites = true;
    }

    private synchronized void prepareForAllocation() throws IOException {
        if (readyForAllocation) {
            return;
        }
        if (lazyRefcounts && !dirty) {
            setIncompatible(IncompatibleFeature.DIRTY, true);
            dirty = true;
        }
        readyForAllocation = true;
    }

    private void setIncompatible(IncompatibleFeature feature, boolean set) throws IOException {
        long stored = sector.getLong(HeaderFields.INCOMPATIBLE_FEATURES);
        long wanted = set ? stored | feature.mask() : stored & ~feature.mask();
        if (wanted != stored) {
            change(copy().putLong(HeaderFields.INCOMPATIBLE_FEATURES, wanted));
        }
    }

    private ByteBuffer copy() {
        return ByteBuffer.allocate(SECTOR).put(sector.duplicate().clear());
    }

    /**
     * Writes another sector, durably. Where that fails, what was known stays, so that the next attempt writes again.
     */
    private void change(ByteBuffer changed) throws IOException {
        file.write(changed.clear(), 0);
        if (!noFlush) {
            file.flush();
        }
        sector = changed;
    }
}
