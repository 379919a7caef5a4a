package io.jimg.graph;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.OpenOptions;
import io.jimg.Options;
import io.jimg.filter.ImageFilter;
import io.jimg.spi.Closing;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.FilterProtocol;
import io.jimg.spi.ImageFormat;
import io.jimg.spi.OpenGate;
import io.jimg.spi.ProtocolDriver;
import io.jimg.storage.Permission;
import io.jimg.storage.Sharing;
import io.jimg.storage.Storage;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Opens one image and, through {@link NodeContext}, what hangs from it. Used for one open; not for several threads. */
public final class NodeOpener {
    /**
     * The longest chain that is opened; each layer costs memory, and an image's author decides how many there are. QEMU
     * 10 opens 1,000 and dies of 1,500.
     */
    public static final int LONGEST_CHAIN = 2048;

    private static final String RAW = "raw";

    private final Drivers drivers;
    private final OpenOptions caller;
    private final NodeNames names = new NodeNames();
    private final StorageOpener storages;
    private final Probe probe;

    /** An opener that obeys {@code caller}'s gate, secrets and cache mode for every node. */
    public NodeOpener(Drivers drivers, OpenOptions caller) {
        this.drivers = drivers;
        this.caller = caller;
        this.storages = new StorageOpener(this, drivers, caller, names);
        this.probe = new Probe(drivers);
    }

    /**
     * Who named a node: the caller, or an image ({@code role} and {@code referrer} are set then, and the gate decides).
     *
     * @param described whether an image wrote the options, too, by a {@code json:} name: what they name is then not the
     *     caller's wish either
     */
    record Origin(
            OpenGate.@Nullable Role role,
            String referrer,
            @Nullable Chain above,
            boolean described) {
        static final Origin CALLER = new Origin(null, "", null, false);

        /** Of what the options name: the caller's, unless an image wrote them. */
        Origin byOptions() {
            return described ? this : new Origin(null, referrer, above, false);
        }

        /** Of a node whose options are now, in part, those of its name. */
        Origin ofDescription() {
            return new Origin(role, referrer, above, role != null);
        }
    }

    /** The images above a node: finds loops and bounds the depth. */
    record Chain(Object identity, int depth, @Nullable Chain above) {
        boolean contains(Object other) {
            for (Chain image = this; image != null; image = image.above) {
                if (image.identity.equals(other)) {
                    return true;
                }
            }
            return false;
        }
    }

    /** Opens what the caller asked for. */
    public DiskImage open(@Nullable String fileName) throws IOException {
        return openNode(
                fileName, caller.format(), caller.driverOptions(), caller.writable(), caller.backing(), Origin.CALLER);
    }

    /** Opens what an image that was opened before asks for. */
    public DiskImage openReferred(String fileName, OpenGate.Role role, String referrer) throws IOException {
        Origin origin = new Origin(role, referrer, null, false);
        return openNode(fileName, caller.format(), caller.driverOptions(), caller.writable(), caller.backing(), origin);
    }

    /** Opens one image: its driver and its options decided, then its file, then the image itself. */
    DiskImage openNode(
            @Nullable String fileName,
            @Nullable String format,
            DottedOptions given,
            boolean writable,
            boolean backing,
            Origin origin)
            throws IOException {
        if (fileName != null && fileName.startsWith(FileNames.JSON_PREFIX)) {
            names.typed();
            return openNode(
                    null,
                    format,
                    NodeOptions.withJson(given, format, fileName),
                    writable,
                    backing,
                    origin.ofDescription());
        }
        String driver = given.get("driver") != null ? given.get("driver") : format;
        ProtocolDriver onTop = driver == null ? null : drivers.findProtocol(driver);
        if (onTop != null) {
            DottedOptions all = fileName == null ? given : NodeOptions.withName(given, onTop, fileName);
            DiskImage raw = openNode(
                    null, RAW, NodeOptions.asFileOf(RAW, all.with("driver", onTop.name())), writable, backing, origin);
            return onTop instanceof FilterProtocol ? filtered(raw) : new ProtocolImage(raw, onTop.name());
        }
        ImageFilter filter = driver == null ? null : ImageFilter.find(driver);
        if (filter != null) {
            return openImageFilter(filter, fileName, given, writable, origin);
        }
        ImageFormat stated = driver == null ? null : drivers.findFormat(driver);
        if (driver != null && stated == null) {
            throw new ImageException(ErrorKind.UNSUPPORTED, "Unknown driver '" + driver + "'");
        }
        if (stated == null && caller.limits().formatStated()) {
            throw new ImageException(
                    ErrorKind.BAD_OPTION, "The format must be stated: this image is not trusted to be probed");
        }
        ProtocolDriver.Mode mode = NodeOptions.mode(caller, NodeOptions.commonOptions(given), writable);
        Storage file = storages.openFile(given, fileName, mode, origin);
        try {
            Chain chain = chain(file, origin);
            ImageFormat used = stated != null ? stated : probe.find(file);
            DottedOptions own = NodeOptions.ownOptions(used, given);
            Options options = used.openSchema().parse(NodeOptions.known(own, used.openSchema()));
            Sharing sharing = used.sharing(mode.writable(), caller.inspectOnly());
            file.share(caller.denyWriters() ? sharing.denying(Permission.WRITE, Permission.RESIZE) : sharing);
            NodeNames.Name name = names.ofImage(used, given, file);
            Node node = new Node(options, given, mode, stated == null, backing, chain, origin.described());
            DiskImage image = used.open(file, new NodeContext(this, file, node, name));
            try {
                // What the image itself is at fault in is told before an option that is too much.
                String refusal = "Block format '" + used.name() + "' does not support the option '";
                NodeOptions.refuseUnknown(own, used.openSchema(), refusal);
                if (!backing && caller.inspectOnly()) {
                    NodeOptions.refuseBacking(given, refusal);
                }
                caller.limits().checkVirtualSize(image.size(), image.name());
            } catch (ImageException refused) {
                Closing.after(refused, image);
                throw refused;
            }
            names.keep(image, name);
            return image;
        } catch (Throwable failure) {
            Closing.after(failure, file);
            throw failure;
        }
    }

    /** A filter on top of an image of a format is an image like that one. */
    private static DiskImage filtered(DiskImage top) {
        return top.children().get(0).storage().device() instanceof DiskImage image
                ? new FilteredImage(top, image)
                : top;
    }

    /** Opens an image that stands on one other. */
    private DiskImage openImageFilter(
            ImageFilter filter, @Nullable String fileName, DottedOptions given, boolean writable, Origin origin)
            throws IOException {
        DottedOptions own = given.child("file");
        if (fileName == null && own.isEmpty()) {
            throw new ImageException(ErrorKind.BAD_OPTION, NodeOptions.missingFile(given));
        }
        DottedOptions text = given.withoutChild("file");
        boolean toWrite = NodeOptions.mode(caller, NodeOptions.commonOptions(given), writable)
                .writable();
        DiskImage inner = openNode(fileName, null, own, toWrite, true, origin);
        try {
            DiskImage image =
                    filter.open(inner, filter.schema().parse(NodeOptions.known(text, filter.schema())), caller);
            NodeOptions.refuseUnknown(
                    text, filter.schema(), "Block format '" + filter.name() + "' does not support the option '");
            return image;
        } catch (Throwable failure) {
            Closing.after(failure, inner);
            throw failure;
        }
    }

    /** What a context needs to know of its node. */
    record Node(
            Options options,
            DottedOptions text,
            ProtocolDriver.Mode mode,
            boolean probed,
            boolean backing,
            Chain chain,
            boolean described) {}

    OpenOptions caller() {
        return caller;
    }

    StorageOpener storages() {
        return storages;
    }

    Probe probe() {
        return probe;
    }

    private Chain chain(Storage file, Origin origin) throws ImageException {
        Chain above = origin.above();
        if (above != null && above.contains(file.identity())) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "'" + file.name() + "' is its own backing file, directly or through others",
                    file.name(),
                    ImageException.NO_OFFSET,
                    null);
        }
        int depth = above == null ? 1 : above.depth() + 1;
        int longest = Math.min(LONGEST_CHAIN, caller.limits().chainDepth());
        if (depth > longest) {
            throw new ImageException(ErrorKind.LIMIT, "The backing chain is longer than " + longest + " images");
        }
        return new Chain(file.identity(), depth, above);
    }
}
