package io.jimg.qcow2.image;

import io.jimg.DamageException;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Limits;
import io.jimg.capability.CompressedRuns;
import io.jimg.qcow2.Qcow2OpenOptions;
import io.jimg.qcow2.allocation.ClusterAllocator;
import io.jimg.qcow2.allocation.DeferredFrees;
import io.jimg.qcow2.allocation.MetadataIo;
import io.jimg.qcow2.bitmaps.BitmapRecording;
import io.jimg.qcow2.header.CompatibleFeature;
import io.jimg.qcow2.header.CryptMethod;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.SnapshotEntry;
import io.jimg.qcow2.mapping.Damage;
import io.jimg.qcow2.mapping.EntryCodec;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.qcow2.mapping.L2Cache;
import io.jimg.spi.OpenContext;
import io.jimg.spi.RangeLock;
import io.jimg.storage.Storage;
import io.jimg.storage.StorageEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Puts together what serves an image's requests, from its file as it stands. Used for one load. */
final class Qcow2Loader {
    private final Foundation foundation;
    private final ImageFiles files;
    private final Storage file;
    private final OpenContext context;
    private final Header header;
    private final CacheSizes sizes;
    private final EntryCodec codec;
    private final Geometry geometry;

    // The mapping's cache asks the write order for relief, which in turn is made of the mapping.
    private volatile @Nullable WriteOrder order;
    private volatile @Nullable HeaderSector sector;

    Qcow2Loader(Foundation foundation, Header header) throws IOException {
        this.foundation = foundation;
        this.files = foundation.files();
        this.file = files.file();
        this.context = foundation.context();
        this.header = header;
        this.geometry = new Geometry(header.clusterBits(), header.extendedL2(), header.refcountOrder());
        this.codec = new EntryCodec(geometry, header.version(), header.hasDataFile());
        this.sizes = CacheSizes.of(context.options(), geometry, header.size());
    }

    // ---- reading ---------------------------------------------------------------------------------------------------

    /** Loads the image. */
    Loaded load() throws IOException {
        // All of the table: what lies behind the disk is the state of a machine.
        int entries = (int) Math.max(header.l1EntriesNeeded(), header.l1Size());
        GuestMap map = load(header.l1TableOffset(), header.l1Size(), entries, this::relieve, this::damaged);
        Storage data = files.data();
        GuestReader reader = data == null || locked() ? null : reader(map, data);
        WritePath writePath = context.writable() && !context.toCheck() && reader != null && data != null
                ? writePath(data, map, reader)
                : null;
        return new Loaded(header, map, reader, writePath, extents(map), header.hasDataFile() ? null : runs(map));
    }

    /** Whether guest data is encrypted and the key is not at hand. */
    private boolean locked() {
        return header.cryptMethod() != CryptMethod.NONE && foundation.cipher() == null;
    }

    private ExtentView extents(GuestMap map) {
        return new ExtentView(map.mapper(), files, header);
    }

    private GuestReader reader(GuestMap map, Storage data) {
        return new GuestReader(map.mapper(), foundation.guestData(data), foundation.compressed(), files.backing());
    }

    private GuestMap load(long l1Offset, long stored, int entries, L2Cache.Pressure pressure, Damage damage)
            throws IOException {
        return GuestMap.load(file, codec, l1Offset, stored, entries, sizes, pressure, damage);
    }

    private void relieve() throws IOException {
        WriteOrder present = order;
        if (present != null) {
            present.relieve();
        }
    }

    private ImageException damaged(ImageException failure) {
        HeaderSector present = sector;
        return present != null ? present.markCorrupt(failure) : told(failure);
    }

    /** Damage found where nothing is written. */
    private ImageException told(ImageException failure) {
        return new DamageException(
                "qcow2: Image is corrupt: " + failure.getMessage()
                        + "; further non-fatal corruption events will be suppressed",
                file.name(),
                failure.offset(),
                failure);
    }

    /**
     * A snapshot as an image of its own.
     *
     * @param closed told when it is closed
     */
    DiskImage openSnapshot(SnapshotEntry entry, Runnable closed) throws IOException {
        Storage data = files.data();
        if (data == null || locked()) {
            throw fail(ErrorKind.UNSUPPORTED, "The image was opened for its metadata alone");
        }
        // A snapshot of another size shows the image's own, as QEMU has it; but never the state of a machine, which
        // lies behind its disk.
        long stored = Math.min(entry.l1Size(), entriesOf(entry));
        GuestMap map = load(entry.l1TableOffset(), stored, (int) header.l1EntriesNeeded(), () -> {}, this::told);
        Limits limits = foundation.limits(geometry.clusterSize());
        return new SnapshotImage(header, files, limits, extents(map), reader(map, data), runs(map), closed);
    }

    private long entriesOf(SnapshotEntry entry) {
        return Header.l1EntriesNeeded(entry.diskSize(), header.clusterBits(), header.extendedL2());
    }

    private CompressedRuns runs(GuestMap map) {
        return new StoredRuns(
                geometry, header.compressionType().codec(), map.mapper(), foundation.compressed(), foundation.grace());
    }

    // ---- writing ---------------------------------------------------------------------------------------------------

    private WritePath writePath(Storage data, GuestMap map, GuestReader reader) throws IOException {
        boolean noFlush = context.cache().noFlush();
        HeaderSector newSector = new HeaderSector(file, header, lazyRefcounts(), noFlush);
        sector = newSector;
        DeferredFrees frees = new DeferredFrees(foundation.grace(), geometry.clusterSize());
        ClusterAllocator allocator = allocator(map);
        L2Tables tables = new L2Tables(geometry, map.l1(), header.l1TableOffset(), file, allocator, frees);
        DataSpace space = header.hasDataFile()
                ? new DataSpace.External()
                : new DataSpace.Refcounted(
                        allocator, frees, context.options().require(Qcow2OpenOptions.PASS_DISCARD_OTHER));
        CopyOnWrite copier = new CopyOnWrite(
                reader,
                foundation.guestData(data),
                files.backing(),
                foundation.buffers(),
                header.size(),
                Foundation.assembledLimit(geometry.clusterSize()));
        WriteSide side = new WriteSide(newSector, map, tables, space, copier, new RangeLock());
        GuestWriter writer = new GuestWriter(side, foundation.guestData(data));
        GuestEraser eraser = new GuestEraser(
                side,
                writer,
                extents(map),
                data,
                files.backing(),
                header.size(),
                header.dataFileRaw(),
                context.options().require(Qcow2OpenOptions.PASS_DISCARD_REQUEST));
        WriteOrder newOrder = new WriteOrder(
                files, newSector, map, header.l1TableOffset(), allocator, frees, foundation.compressed(), noFlush);
        order = newOrder;
        return new WritePath(
                foundation.grace(),
                newSector,
                writer,
                eraser,
                new CompressedWriter(side, allocator, file),
                newOrder,
                allocator,
                BitmapRecording.of(file, header, newOrder::barrier));
    }

    private ClusterAllocator allocator(GuestMap map) throws IOException {
        MetadataIo io = new MetadataIo() {
            @Override
            public ByteBuffer read(long hostOffset, int length) throws IOException {
                return GuestMap.read(file, hostOffset, length);
            }

            @Override
            public void write(ByteBuffer bytes, long hostOffset) throws IOException {
                file.write(bytes, hostOffset);
            }

            @Override
            public void about(StorageEvent event) throws IOException {
                file.about(event);
            }
        };
        long freshFrom = file.growsWithZeroes() ? file.size() : Long.MAX_VALUE >>> 1;
        return new ClusterAllocator(
                geometry,
                header.refcountTableOffset(),
                header.refcountTableClusters(),
                sizes.refcountBlocks(),
                freshFrom,
                io,
                new MetadataPlaces(file, header, geometry).guard(map.l1(), context.options()),
                this::damaged);
    }

    private boolean lazyRefcounts() {
        Boolean asked = context.options().get(Qcow2OpenOptions.LAZY_REFCOUNTS);
        return Objects.requireNonNullElse(asked, header.compatible().has(CompatibleFeature.LAZY_REFCOUNTS));
    }

    private ImageException fail(ErrorKind kind, String sentence) {
        return new ImageException(kind, sentence, file.name(), ImageException.NO_OFFSET, null);
    }
}
