package io.jimg;

import io.jimg.graph.Drivers;
import io.jimg.graph.NodeOpener;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ImageFormat;
import io.jimg.spi.OpenGate;
import io.jimg.spi.ProtocolDriver;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Where images are opened: the drivers that are known. Immutable and safe for many threads.
 *
 * <pre>{@code
 * try (DiskImage image = Images.standard().open(Path.of("disk.qcow2"))) {
 *     ByteBuffer sector = ByteBuffer.allocate(512);
 *     image.read(sector, 0);
 * }
 * }</pre>
 */
public final class Images {
    private final Drivers drivers;

    private Images(Drivers drivers) {
        this.drivers = drivers;
    }

    private static final class Standard {
        static final Images INSTANCE = new Images(Drivers.installed());
    }

    /** All drivers that {@link java.util.ServiceLoader} finds. */
    public static Images standard() {
        return Standard.INSTANCE;
    }

    /**
     * The protocols that the library itself has and no format, to be filled by hand; nothing is searched, so this is
     * there sooner than {@link #standard}.
     */
    public static Images withoutFormats() {
        return new Images(Drivers.own());
    }

    /** No driver at all, to be filled by hand. */
    public static Images none() {
        return new Images(new Drivers(List.of(), List.of()));
    }

    /** These drivers and one more format, which wins over one of the same name. */
    public Images with(ImageFormat format) {
        return new Images(drivers.with(format));
    }

    /** These drivers and one more protocol, which wins over one of the same name. */
    public Images with(ProtocolDriver protocol) {
        return new Images(drivers.with(protocol));
    }

    /** The formats that are known. */
    public List<ImageFormat> formats() {
        return drivers.formats();
    }

    /**
     * The format of that name.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} where there is none
     */
    public ImageFormat format(String name) throws ImageException {
        ImageFormat format = drivers.findFormat(name);
        if (format == null) {
            throw new ImageException(ErrorKind.UNSUPPORTED, "Unknown file format '" + name + "'");
        }
        return format;
    }

    /** Whether there is a driver of that name, be it a format's or a protocol's. */
    public boolean knows(String driver) {
        return drivers.findFormat(driver) != null || drivers.findProtocol(driver) != null;
    }

    /** Opens a file read-only, its format found by content, nothing else opened with it. */
    public DiskImage open(Path file) throws IOException {
        return open(file, OpenOptions.DEFAULT);
    }

    /** Opens a file; a name that looks like a protocol's is a file's name all the same. */
    public DiskImage open(Path file, OpenOptions options) throws IOException {
        String name = file.toString();
        return open(name.indexOf(':') >= 0 && !file.isAbsolute() ? "./" + name : name, options);
    }

    /**
     * Opens an image by name: a path, {@code protocol:…}, or {@code json:{…}}.
     *
     * @throws ImageException with qemu-img's sentence, without the outermost "Could not open"
     */
    public DiskImage open(String name, OpenOptions options) throws IOException {
        return new NodeOpener(drivers, options).open(name);
    }

    /**
     * Opens what an image names, alone, where the gate permits it; {@link #open(String, OpenOptions)} is for names that
     * the caller gives, and asks no gate for them.
     *
     * @param name as {@link io.jimg.capability.BackingLink#resolvedBackingName()} tells it
     * @param role what the image wants it for
     * @param referrer the name of the image that names it
     * @throws ImageException {@link ErrorKind#DENIED}, or as {@link #open(String, OpenOptions)}
     */
    public DiskImage openReferred(String name, OpenGate.Role role, String referrer, OpenOptions options)
            throws IOException {
        return new NodeOpener(drivers, options).openReferred(name, role, referrer);
    }

    /** Opens the tree of nodes that {@link OpenOptions#driverOptions()} describes, as {@code --image-opts} does. */
    public DiskImage openTree(OpenOptions options) throws IOException {
        return new NodeOpener(drivers, options).open(null);
    }

    /** The protocol that a file name asks for, and the options in the name: for creating files. */
    public StorageName storageName(String name) throws IOException {
        ProtocolDriver protocol = drivers.protocolOf(name);
        return new StorageName(protocol, protocol.schema().parse(protocol.parseName(name)));
    }

    /** A literal path as a storage's name, whatever it looks like. */
    public StorageName literalFile(String path) throws IOException {
        ProtocolDriver protocol = drivers.protocolOf("file:");
        return new StorageName(protocol, protocol.schema().parse(DottedOptions.EMPTY.with("filename", path)));
    }

    /**
     * Where a storage is or will be.
     *
     * @param protocol its driver
     * @param options its options
     */
    public record StorageName(ProtocolDriver protocol, Options options) {

        /** Makes it empty and opens it for writing. */
        public Storage create(CacheMode cache) throws IOException {
            return protocol.create(options, new ProtocolDriver.Mode(true, cache, true));
        }

        /** Opens what exists. */
        public Storage open(boolean writable, CacheMode cache) throws IOException {
            return protocol.open(options, new ProtocolDriver.Mode(writable, cache, true));
        }

        /** Whether there is something already that {@link #create} would empty. */
        public boolean exists() throws IOException {
            return protocol.exists(options);
        }

        /** Removes what {@link #create} made. */
        public void delete() throws IOException {
            protocol.delete(options);
        }
    }
}
