package io.jimg.qcow2.image;

import io.jimg.DamageException;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.BackingLink;
import io.jimg.capability.Checkable;
import io.jimg.capability.CompressedRuns;
import io.jimg.capability.CompressedWrite;
import io.jimg.capability.Snapshots;
import io.jimg.qcow2.Qcow2OpenOptions;
import io.jimg.qcow2.allocation.ClusterAllocator;
import io.jimg.qcow2.allocation.DeferredFrees;
import io.jimg.qcow2.allocation.GracePeriod;
import io.jimg.qcow2.allocation.MetadataGuard;
import io.jimg.qcow2.allocation.MetadataIo;
import io.jimg.qcow2.check.Qcow2Check;
import io.jimg.qcow2.check.RefcountRebuild;
import io.jimg.qcow2.compression.ClusterCompression;
import io.jimg.qcow2.compression.DeflateChoice;
import io.jimg.qcow2.header.AutoclearFeature;
import io.jimg.qcow2.header.CompatibleFeature;
import io.jimg.qcow2.header.CryptMethod;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderParser;
import io.jimg.qcow2.header.HostRange;
import io.jimg.qcow2.header.IncompatibleFeature;
import io.jimg.qcow2.header.SnapshotEntry;
import io.jimg.qcow2.mapping.Damage;
import io.jimg.qcow2.mapping.EntryCodec;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.qcow2.mapping.L2Cache;
import io.jimg.spi.OpenContext;
import io.jimg.spi.OpenGate;
import io.jimg.spi.RangeLock;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Puts an open image together. Used for one open. */
public final class Qcow2Opener {
    private static final int ASSEMBLED_LIMIT = 64 << 10;

    private final Storage file;
    private final OpenContext context;
    private final Header header;
    private final CacheSizes sizes;
    private final EntryCodec codec;
    private final Geometry geometry;
    private final ScratchBuffers buffers;
    private final ClusterCompression compression;
    private final CompressedReader compressed;
    private final GracePeriod grace = new GracePeriod();

    // The mapping's cache asks the write order for relief, which in turn is made of the mapping.
    private volatile @Nullable WriteOrder order;
    private volatile @Nullable HeaderSector sector;

    private Qcow2Opener(Storage file, OpenContext context, Header header) throws IOException {
        this.file = file;
        this.context = context;
        this.header = header;
        this.geometry = new Geometry(header.clusterBits(), header.extendedL2(), header.refcountOrder());
        this.codec = new EntryCodec(geometry, header.version(), header.hasDataFile());
        this.sizes = CacheSizes.of(context.options(), geometry, header.size());
        this.buffers = new ScratchBuffers(Math.max(ASSEMBLED_LIMIT, geometry.clusterSize()));
        this.compression =
                new ClusterCompression(header.compressionType(), DeflateChoice.configured(), geometry.clusterSize());
        this.compressed = new CompressedReader(geometry, file, compression, buffers);
    }

    /** Opens an image; the storage stays the caller's where this throws. */
    public static Qcow2Image open(Storage file, OpenContext context) throws IOException {
        Header header = readHeader(file);
        refuse(file, context, header);
        if (context.writable() && header.incompatible().has(IncompatibleFeature.DIRTY)) {
            RefcountRebuild.run(file, header);
            header = readHeader(file);
        }
        return new Qcow2Opener(file, context, header).open();
    }

    /** Reads the header and changes nothing. */
    public static Header readHeader(Storage file) throws IOException {
        ByteBuffer prefix = GuestMap.read(file, 0, HeaderParser.PREFIX_LENGTH);
        int clusterSize = HeaderParser.firstClusterSize(prefix, file.name());
        return HeaderParser.parse(GuestMap.read(file, 0, clusterSize), file.name());
    }

    private static void refuse(Storage file, OpenContext context, Header header) throws IOException {
        OptionRules.check(context.options(), header);
        if (header.cryptMethod() != CryptMethod.NONE && !context.inspectOnly()) {
            throw fail(file, ErrorKind.UNSUPPORTED, "Encrypted qcow2 images cannot be read or written");
        }
        if (context.writable() && header.incompatible().has(IncompatibleFeature.CORRUPT)) {
            throw fail(file, ErrorKind.CORRUPT, "qcow2: Image is corrupt; cannot be opened read/write");
        }
        if (header.autoclear().has(AutoclearFeature.RAW_EXTERNAL_DATA)
                && !header.hasDataFile()
                && !context.inspectOnly()) {
            throw fail(file, ErrorKind.CORRUPT, "data-file-raw requires a data file");
        }
        HostRange.require("Could not read L1 table", header.l1TableOffset(), file.name());
        // Read for what is wrong with them alone: nobody shall build on an image that QEMU does not open.
        if (!context.toCheck()) {
            SnapshotReader.read(file, header);
        }
        BitmapReader.read(file, header);
    }

    private Qcow2Image open() throws IOException {
        Storage externalData = null;
        DiskImage backing = null;
        try {
            externalData = openDataFile();
            backing = context.openBacking(header.backingName(), header.backingFormat());
            return assemble(new ImageFiles(
                    file,
                    header.hasDataFile() ? externalData : file,
                    dataName(externalData),
                    header.hasDataFile(),
                    backing));
        } catch (Throwable failure) {
            ImageFiles.closeAfter(failure, externalData, backing);
            throw failure;
        }
    }

    private @Nullable Storage openDataFile() throws IOException {
        if (context.inspectOnly()) {
            return null;
        }
        Storage data = context.openStorage("data-file", OpenGate.Role.DATA_FILE, header.dataFileName());
        if (header.hasDataFile() && data == null) {
            throw fail(ErrorKind.BAD_OPTION, "'data-file' is required for this image");
        }
        if (!header.hasDataFile() && data != null) {
            ImageException failure =
                    fail(ErrorKind.BAD_OPTION, "'data-file' can only be set for images with an external data file");
            ImageFiles.closeAfter(failure, data);
            throw failure;
        }
        return data;
    }

    private String dataName(@Nullable Storage externalData) {
        if (!header.hasDataFile()) {
            return file.name();
        }
        String stated = header.dataFileName();
        return externalData != null ? externalData.name() : stated != null ? stated : "";
    }

    // ---- reading ---------------------------------------------------------------------------------------------------

    private Qcow2Image assemble(ImageFiles files) throws IOException {
        GuestMap map = load(header.l1TableOffset(), header.l1Size(), this::relieve, this::damaged);
        Storage data = files.data();
        GuestReader reader = data == null ? null : new GuestReader(map.mapper(), data, compressed, files.backing());
        Capabilities capabilities = capabilities(files, map);
        WritePath writePath = context.writable() && reader != null && data != null
                ? writePath(files, data, map, reader, capabilities)
                : null;
        return new Qcow2Image(files, header, map, reader, writePath, compression, capabilities);
    }

    private GuestMap load(long l1Offset, long stored, L2Cache.Pressure pressure, Damage damage) throws IOException {
        return GuestMap.load(file, codec, l1Offset, stored, (int) header.l1EntriesNeeded(), sizes, pressure, damage);
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

    private Capabilities capabilities(ImageFiles files, GuestMap map) {
        String backingName = header.backingName();
        Capabilities capabilities = new Capabilities()
                .with(
                        BackingLink.class,
                        new HeaderBackingLink(
                                backingName,
                                header.backingFormat(),
                                backingName == null ? null : context.resolve(backingName)))
                .with(Snapshots.class, new InternalSnapshots(file, header, entry -> openSnapshot(files, entry)))
                .with(Checkable.class, () -> new Qcow2Check(file, header));
        if (!header.hasDataFile()) {
            capabilities.with(CompressedRuns.class, runs(map));
        }
        return capabilities;
    }

    private DiskImage openSnapshot(ImageFiles files, SnapshotEntry entry) throws IOException {
        Storage data = files.data();
        if (data == null) {
            throw fail(ErrorKind.UNSUPPORTED, "The image was opened for its metadata alone");
        }
        // A snapshot of another size shows the image's own, as QEMU has it.
        GuestMap map = load(entry.l1TableOffset(), entry.l1Size(), () -> {}, this::told);
        return new SnapshotImage(
                header.size(), files, map, new GuestReader(map.mapper(), data, compressed, files.backing()), runs(map));
    }

    private CompressedRuns runs(GuestMap map) {
        return new StoredRuns(geometry, header.compressionType().codec(), map.mapper(), compressed, grace);
    }

    // ---- writing ---------------------------------------------------------------------------------------------------

    private WritePath writePath(
            ImageFiles files, Storage data, GuestMap map, GuestReader reader, Capabilities capabilities)
            throws IOException {
        boolean noFlush = context.cache().noFlush();
        HeaderSector newSector = new HeaderSector(file, header, lazyRefcounts(), noFlush);
        sector = newSector;
        DeferredFrees frees = new DeferredFrees(grace, geometry.clusterSize());
        ClusterAllocator allocator = allocator(map);
        L2Tables tables = new L2Tables(geometry, map.l1(), file, allocator, frees);
        DataSpace space = header.hasDataFile()
                ? new DataSpace.External()
                : new DataSpace.Refcounted(
                        allocator, frees, context.options().require(Qcow2OpenOptions.PASS_DISCARD_OTHER));
        CopyOnWrite copier = new CopyOnWrite(
                reader,
                data,
                files.backing(),
                buffers,
                header.size(),
                Math.max(ASSEMBLED_LIMIT, geometry.clusterSize()));
        WriteSide side = new WriteSide(newSector, map, tables, space, copier, new RangeLock());
        GuestWriter writer = new GuestWriter(side, data);
        GuestEraser eraser = new GuestEraser(
                side,
                writer,
                new ExtentView(map.mapper(), files),
                data,
                files.backing(),
                header.size(),
                header.dataFileRaw(),
                context.options().require(Qcow2OpenOptions.PASS_DISCARD_REQUEST));
        WriteOrder newOrder =
                new WriteOrder(files, newSector, map, header.l1TableOffset(), allocator, frees, compressed, noFlush);
        order = newOrder;
        WritePath path = new WritePath(
                grace,
                newSector,
                writer,
                eraser,
                new CompressedWriter(side, allocator, file),
                newOrder,
                context.cache().writeThrough());
        capabilities.with(Checkable.class, () -> new FlushedCheck(file, path));
        if (!header.hasDataFile()) {
            capabilities.with(
                    CompressedWrite.class,
                    new CompressedWriting(header.compressionType().codec(), geometry.clusterSize(), compression, path));
        }
        return path;
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
        };
        long freshFrom = file.growsWithZeroes() ? file.size() : Long.MAX_VALUE >>> 1;
        return new ClusterAllocator(
                geometry,
                header.refcountTableOffset(),
                header.refcountTableClusters(),
                sizes.refcountBlocks(),
                freshFrom,
                io,
                new MetadataGuard(geometry)
                        .with("active L1 table", header.l1TableOffset(), (long) header.l1Size() * Long.BYTES)
                        .with("active L2 table", map.l1().places()),
                this::damaged);
    }

    private boolean lazyRefcounts() {
        Boolean asked = context.options().get(Qcow2OpenOptions.LAZY_REFCOUNTS);
        return Objects.requireNonNullElse(asked, header.compatible().has(CompatibleFeature.LAZY_REFCOUNTS));
    }

    private ImageException fail(ErrorKind kind, String sentence) {
        return fail(file, kind, sentence);
    }

    private static ImageException fail(Storage file, ErrorKind kind, String sentence) {
        return new ImageException(kind, sentence, file.name(), ImageException.NO_OFFSET, null);
    }
}
