package io.jimg.qcow2.image;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.BackingLink;
import io.jimg.capability.Checkable;
import io.jimg.capability.CompressedRuns;
import io.jimg.capability.Snapshots;
import io.jimg.qcow2.check.Qcow2Check;
import io.jimg.qcow2.compression.ClusterCompression;
import io.jimg.qcow2.compression.DeflateChoice;
import io.jimg.qcow2.header.CryptMethod;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderParser;
import io.jimg.qcow2.header.IncompatibleFeature;
import io.jimg.qcow2.header.SnapshotEntry;
import io.jimg.qcow2.mapping.EntryCodec;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.spi.OpenContext;
import io.jimg.spi.OpenGate;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Puts an open image together. Used for one open. */
public final class Qcow2Opener {
    private final Storage file;
    private final OpenContext context;
    private final Header header;
    private final CacheSizes sizes;
    private final EntryCodec codec;

    private Qcow2Opener(Storage file, OpenContext context) throws IOException {
        this.file = file;
        this.context = context;
        this.header = readHeader(file);
        Geometry geometry = new Geometry(header.clusterBits(), header.extendedL2(), header.refcountOrder());
        this.codec = new EntryCodec(geometry, header.version(), header.hasDataFile());
        this.sizes = CacheSizes.of(context.options(), geometry, header.size());
    }

    /** Opens an image; the storage stays the caller's where this throws. */
    public static Qcow2Image open(Storage file, OpenContext context) throws IOException {
        Qcow2Opener opener = new Qcow2Opener(file, context);
        opener.refuse();
        return opener.open();
    }

    /** Reads the header and changes nothing. */
    public static Header readHeader(Storage file) throws IOException {
        ByteBuffer prefix = GuestMap.read(file, 0, HeaderParser.PREFIX_LENGTH);
        int clusterSize = HeaderParser.firstClusterSize(prefix, file.name());
        return HeaderParser.parse(GuestMap.read(file, 0, clusterSize), file.name());
    }

    private void refuse() throws ImageException {
        if (header.cryptMethod() != CryptMethod.NONE && !context.inspectOnly()) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED,
                    "Encrypted qcow2 images cannot be read or written",
                    file.name(),
                    ImageException.NO_OFFSET,
                    null);
        }
        if (context.writable() && header.incompatible().has(IncompatibleFeature.CORRUPT)) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "qcow2: Image is corrupt; cannot be opened read/write",
                    file.name(),
                    ImageException.NO_OFFSET,
                    null);
        }
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
            throw new ImageException(
                    ErrorKind.BAD_OPTION,
                    "'data-file' is required for this image",
                    file.name(),
                    ImageException.NO_OFFSET,
                    null);
        }
        if (!header.hasDataFile() && data != null) {
            ImageException failure = new ImageException(
                    ErrorKind.BAD_OPTION, "'data-file' can only be set for images with an external data file");
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

    private Qcow2Image assemble(ImageFiles files) throws IOException {
        Geometry geometry = codec.geometry();
        ScratchBuffers buffers = new ScratchBuffers(Math.max(64 << 10, geometry.clusterSize()));
        GuestMap map =
                GuestMap.load(file, codec, header.l1TableOffset(), (int) header.l1EntriesNeeded(), sizes, () -> {});
        ClusterCompression compression =
                new ClusterCompression(header.compressionType(), DeflateChoice.AUTO, geometry.clusterSize());
        CompressedReader compressed = new CompressedReader(geometry, file, compression, buffers);
        Storage data = files.data();
        GuestReader reader = data == null ? null : new GuestReader(map.mapper(), data, compressed, files.backing());
        return new Qcow2Image(files, header, map, reader, compression, capabilities(files, map, compressed));
    }

    private Capabilities capabilities(ImageFiles files, GuestMap map, CompressedReader compressed) {
        String backingName = header.backingName();
        Capabilities capabilities = new Capabilities()
                .with(
                        BackingLink.class,
                        new HeaderBackingLink(
                                backingName,
                                header.backingFormat(),
                                backingName == null ? null : context.resolve(backingName)))
                .with(
                        Snapshots.class,
                        new InternalSnapshots(file, header, entry -> openSnapshot(files, compressed, entry)));
        capabilities.with(Checkable.class, () -> new Qcow2Check(file, header));
        if (!header.hasDataFile()) {
            capabilities.with(CompressedRuns.class, runs(map, compressed));
        }
        return capabilities;
    }

    private DiskImage openSnapshot(ImageFiles files, CompressedReader compressed, SnapshotEntry entry)
            throws IOException {
        int needed = (int) Header.l1EntriesNeeded(entry.diskSize(), header.clusterBits(), header.extendedL2());
        GuestMap map = GuestMap.load(file, codec, entry.l1TableOffset(), needed, sizes, () -> {});
        Storage data = files.data();
        if (data == null) {
            throw new ImageException(ErrorKind.UNSUPPORTED, "The image was opened for its metadata alone");
        }
        return new SnapshotImage(
                entry.diskSize(),
                files,
                map,
                new GuestReader(map.mapper(), data, compressed, files.backing()),
                runs(map, compressed));
    }

    private CompressedRuns runs(GuestMap map, CompressedReader compressed) {
        return new StoredRuns(codec.geometry(), header.compressionType().codec(), map.mapper(), compressed);
    }
}
