package io.jimg.vmdk.image;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.host.deflate.DeflateLibrary;
import io.jimg.spi.Closing;
import io.jimg.spi.OpenContext;
import io.jimg.spi.OpenGate;
import io.jimg.storage.Storage;
import io.jimg.vmdk.descriptor.Descriptor;
import io.jimg.vmdk.descriptor.DescriptorPlace;
import io.jimg.vmdk.descriptor.ExtentAccess;
import io.jimg.vmdk.descriptor.ExtentLine;
import io.jimg.vmdk.descriptor.ExtentType;
import io.jimg.vmdk.descriptor.Signature;
import io.jimg.vmdk.extent.Beneath;
import io.jimg.vmdk.extent.DiskExtent;
import io.jimg.vmdk.extent.FlatExtent;
import io.jimg.vmdk.extent.GuardedExtent;
import io.jimg.vmdk.extent.ZeroExtent;
import io.jimg.vmdk.sparse.GrainCodec;
import io.jimg.vmdk.sparse.SparseExtent;
import io.jimg.vmdk.sparse.SparseExtents;
import io.jimg.vmdk.sparse.SparseExtents.Access;
import io.jimg.vmdk.sparse.SparseHeader;
import io.jimg.vmdk.sparse.TableBudget;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/** Opens images: reads the descriptor wherever it stands, opens the extents that it names, and the parent. */
public final class VmdkOpener {
    private static final int SECTOR = 512;

    /** The types of disks whose extents may be devices, in lower case. */
    private static final Set<String> ON_DEVICES = Set.of(
            "fulldevice",
            "partitioneddevice",
            "vmfsraw",
            "vmfsrdm",
            "vmfsrdmp",
            "vmfsrawdevicemap",
            "vmfspassthroughrawdevicemap");

    private final Storage file;
    private final OpenContext context;
    private final IntSupplier random;
    private final GrainCodec codec = new GrainCodec(DeflateLibrary.fastest());
    /** By name: several extents may be parts of one file. */
    private final Map<String, Storage> opened = new HashMap<>();

    private final TableBudget budget;

    private @Nullable DiskImage parent;

    private VmdkOpener(Storage file, OpenContext context, IntSupplier random) {
        this.file = file;
        this.context = context;
        this.random = random;
        this.budget = new TableBudget(context.limits(), file.name());
    }

    /** Whether a file begins as one of the format: as a sparse extent of either kind, or as a descriptor. */
    public static boolean looksLikeImage(ByteBuffer head) {
        return SparseHeader.looksLikeOne(head) || SparseExtents.looksLikeCowd(head) || Signature.isDescriptor(head);
    }

    /**
     * Opens an image; the storage stays the caller's where this throws.
     *
     * @param random gives new content identifiers
     */
    public static VmdkImage open(Storage file, OpenContext context, IntSupplier random) throws IOException {
        VmdkOpener opener = new VmdkOpener(file, context, random);
        try {
            return opener.open();
        } catch (Throwable failure) {
            Closing.after(failure, opener.opened());
            throw failure;
        }
    }

    private VmdkImage open() throws IOException {
        ByteBuffer head = ByteBuffer.allocate(SparseHeader.LENGTH);
        file.read(head, 0);
        head.flip();
        if (SparseExtents.looksLikeCowd(head)) {
            return image(
                    Descriptor.NONE,
                    null,
                    (descriptor, beneath) -> List.of(new Part(0, "", SparseExtents.cowd(file, beneath.at(0), budget))));
        }
        if (!SparseHeader.looksLikeOne(head)) {
            DescriptorPlace place = new DescriptorPlace(file, 0, DescriptorPlace.UNBOUNDED);
            return image(described(place), place, this::openExtents);
        }
        SparseHeader header = SparseHeader.read(head, file.name());
        if (header.capacity() != 0) {
            header.check(file.name());
        }
        DescriptorPlace place = embedded(header);
        Descriptor descriptor = place == null ? Descriptor.NONE : Descriptor.parse(place.read(), file.name());
        if (header.capacity() == 0 && !descriptor.extents().isEmpty()) {
            return image(descriptor, place, this::openExtents);
        }
        if (header.capacity() == 0 && place != null) {
            // Nothing in it, and no other file that it describes.
            throw new ImageException(
                    ErrorKind.UNSUPPORTED,
                    "Unsupported image type '" + descriptor.createType() + "'",
                    file.name(),
                    ImageException.NO_OFFSET,
                    null);
        }
        return image(
                descriptor,
                place,
                (of, beneath) -> List.of(new Part(
                        0,
                        "",
                        SparseExtents.hosted(file, header, beneath.at(0), access(context.writable()), codec, budget))));
    }

    private Access access(boolean writable) {
        if (context.toCheck()) {
            return Access.REPAIR;
        }
        return writable ? Access.WRITE : Access.READ;
    }

    /** Where the header says that the descriptor stands; null where it says nothing. */
    private @Nullable DescriptorPlace embedded(SparseHeader header) throws IOException {
        long first = header.descriptorOffset();
        long count = header.descriptorSectors();
        if (first == 0 || count == 0) {
            return null;
        }
        if (first < 0 || count < 0 || first >= file.size() / SECTOR + 1 || count > Long.MAX_VALUE / SECTOR) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "The embedded descriptor lies past the end of the file",
                    file.name(),
                    SparseHeader.LENGTH,
                    null);
        }
        return new DescriptorPlace(file, first * SECTOR, count * SECTOR);
    }

    private Descriptor described(DescriptorPlace place) throws IOException {
        budget.reserve(Math.min(place.room(), file.size() - place.offset()));
        byte[] bytes = place.read();
        Descriptor descriptor = Descriptor.parse(bytes, file.name());
        if (descriptor.createType().isEmpty()) {
            throw new ImageException(ErrorKind.INVALID_FORMAT, "invalid VMDK image descriptor", file.name(), -1, null);
        }
        if (descriptor.text().value("CID") == null || descriptor.extents().isEmpty()) {
            throw new ImageException(
                    ErrorKind.INVALID_FORMAT,
                    "Could not open '" + file.name() + "': Invalid argument",
                    file.name(),
                    -1,
                    null);
        }
        return descriptor;
    }

    /** Gives what lies beneath an extent that starts at a guest offset. */
    private interface BeneathAt {
        Beneath at(long guestOffset);
    }

    /** Opens a disk's extents. */
    private interface ExtentsOf {
        List<Part> open(Descriptor descriptor, BeneathAt beneath) throws IOException;
    }

    private VmdkImage image(Descriptor descriptor, @Nullable DescriptorPlace place, ExtentsOf extents)
            throws IOException {
        String name = descriptor.parentName();
        DiskImage beneath = context.openBacking(name == null ? null : ParentLink.local(name), VmdkImage.FORMAT);
        parent = beneath;
        List<Part> list = extents.open(descriptor, start -> new Parent(beneath, descriptor.parentCid(), start));
        ContentId contentId =
                new ContentId(descriptor, place == null ? new DescriptorPlace(file, 0, 0) : place, random);
        if (beneath instanceof VmdkImage vmdk
                && !vmdk.readOnly()
                && context.writable()
                && vmdk.cid() == descriptor.parentCid()) {
            vmdk.contentId().follow(contentId);
        }
        return new VmdkImage(new Parts(list, file, codec), contentId, beneath, context);
    }

    private List<Part> openExtents(Descriptor descriptor, BeneathAt beneath) throws IOException {
        // A disk that is not said to lie on devices has no business with one, whatever the gate thinks of the name.
        boolean onDevices = ON_DEVICES.contains(descriptor.createType().toLowerCase(Locale.ROOT));
        List<Part> parts = new ArrayList<>();
        long start = 0;
        for (ExtentLine line : descriptor.extents()) {
            DiskExtent extent = open(parts.size(), line, beneath.at(start), onDevices);
            if (extent.size() != line.size()) {
                throw new ImageException(
                        ErrorKind.CORRUPT,
                        "The extent '" + line.fileName() + "' has " + extent.size() / SECTOR
                                + " sectors, but the descriptor says " + line.sectors(),
                        file.name(),
                        ImageException.NO_OFFSET,
                        null);
            }
            parts.add(new Part(start, line.type().name(), extent));
            start += extent.size();
        }
        return parts;
    }

    private DiskExtent open(int index, ExtentLine line, Beneath beneath, boolean onDevices) throws IOException {
        if (line.type() == ExtentType.ZERO) {
            return new ZeroExtent(line.size());
        }
        if (line.access() == ExtentAccess.NOACCESS) {
            return new GuardedExtent(new ZeroExtent(line.size()), line.access());
        }
        Storage storage = openFile(index, Objects.requireNonNull(line.fileName()));
        if (!storage.growsWithZeroes() && !onDevices) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "The extent '" + storage.name() + "' is a device, which the disk's type does not allow",
                    storage.name(),
                    ImageException.NO_OFFSET,
                    null);
        }
        boolean writable = context.writable() && line.access() == ExtentAccess.RW;
        DiskExtent extent = switch (line.type()) {
            case SPARSE ->
                cut(
                        SparseExtents.hosted(
                                storage, SparseExtents.readHeader(storage), beneath, access(writable), codec, budget),
                        line);
            case VMFSSPARSE -> cut(SparseExtents.cowd(storage, beneath, budget), line);
            case SESPARSE -> cut(SparseExtents.seSparse(storage, beneath, budget), line);
            default -> new FlatExtent(storage, line.firstSector() * SECTOR, line.size());
        };
        return line.access() == ExtentAccess.RW ? extent : new GuardedExtent(extent, line.access());
    }

    /** The descriptor decides where a header says more: capacities are often rounded up to whole grains. */
    private static DiskExtent cut(SparseExtent extent, ExtentLine line) {
        return extent.size() > line.size() ? extent.cutTo(line.size()) : extent;
    }

    private Storage openFile(int index, String name) throws IOException {
        String path = resolve(name);
        Storage known = opened.get(path);
        if (known != null) {
            return known;
        }
        Storage storage = context.openStorage("extents." + index, OpenGate.Role.EXTENT, path);
        if (storage == null) {
            throw new ImageException(ErrorKind.NOT_FOUND, "The extent '" + name + "' has no file", path, -1, null);
        }
        opened.put(path, storage);
        if (storage.identity().equals(file.identity())) {
            throw new ImageException(
                    ErrorKind.CORRUPT, "The descriptor names itself as an extent", file.name(), -1, null);
        }
        return storage;
    }

    /** A literal path: what is relative is beside the descriptor. */
    private String resolve(String name) throws ImageException {
        if (name.startsWith("/")) {
            return name;
        }
        String folder = context.resolve("");
        if (folder == null) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED,
                    "Cannot use relative paths with VMDK descriptor file '" + file.name()
                            + "': Cannot generate a base directory for " + file.protocol() + " nodes",
                    file.name(),
                    ImageException.NO_OFFSET,
                    null);
        }
        return folder + name;
    }

    /** What was opened so far. */
    private List<@Nullable AutoCloseable> opened() {
        List<@Nullable AutoCloseable> all = new ArrayList<>(opened.values());
        all.add(codec);
        all.add(parent);
        return all;
    }
}
