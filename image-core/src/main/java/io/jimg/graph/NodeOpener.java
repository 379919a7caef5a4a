package io.jimg.graph;

import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.OpenOptions;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.Options;
import io.jimg.filter.ImageFilter;
import io.jimg.spi.AlignedBuffers;
import io.jimg.spi.Closing;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.FilterProtocol;
import io.jimg.spi.GroupProtocol;
import io.jimg.spi.ImageFormat;
import io.jimg.spi.OpenContext;
import io.jimg.spi.OpenGate;
import io.jimg.spi.ProtocolDriver;
import io.jimg.spi.Schema;
import io.jimg.storage.BlockDeviceStorage;
import io.jimg.storage.Permission;
import io.jimg.storage.Sharing;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Opens one image and, through {@link NodeContext}, what hangs from it. Used for one open; not for several threads. */
public final class NodeOpener {
    /**
     * The longest chain that is opened; each layer costs memory, and an image's author decides how many there are. QEMU
     * 10 opens 1,000 and dies of 1,500.
     */
    public static final int LONGEST_CHAIN = 2048;

    private static final String RAW = "raw";

    private static final Option<Boolean> READ_ONLY = Option.of("read-only", OptionType.BOOL, "");
    private static final Option<Boolean> FORCE_SHARE = Option.of("force-share", OptionType.BOOL, "");
    private static final Option<Boolean> CACHE_DIRECT = Option.of("cache.direct", OptionType.BOOL, "");
    private static final Option<Boolean> CACHE_NO_FLUSH = Option.of("cache.no-flush", OptionType.BOOL, "");

    /** What every node understands. Those without meaning for us are read, so that a name written for QEMU opens. */
    private static final Schema COMMON = Schema.of(
            READ_ONLY,
            FORCE_SHARE,
            CACHE_DIRECT,
            CACHE_NO_FLUSH,
            Option.of("driver", OptionType.STRING, ""),
            Option.of("node-name", OptionType.STRING, ""),
            Option.of("auto-read-only", OptionType.BOOL, ""),
            Option.of("discard", OptionType.STRING, ""),
            Option.of("detect-zeroes", OptionType.STRING, ""));

    private final Drivers drivers;
    private final OpenOptions caller;
    private final NodeNames names = new NodeNames();

    /** An opener that obeys {@code caller}'s gate, secrets and cache mode for every node. */
    public NodeOpener(Drivers drivers, OpenOptions caller) {
        this.drivers = drivers;
        this.caller = caller;
    }

    /**
     * Who named a node: the caller, or an image ({@code role} and {@code referrer} are set then, and the gate decides).
     */
    record Origin(
            OpenGate.@Nullable Role role,
            String referrer,
            @Nullable Chain above) {
        static final Origin CALLER = new Origin(null, "", null);

        Origin byCaller() {
            return new Origin(null, referrer, above);
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
            return openNode(null, format, withJson(given, format, fileName), writable, backing, origin);
        }
        String driver = given.get("driver") != null ? given.get("driver") : format;
        ProtocolDriver onTop = driver == null ? null : drivers.findProtocol(driver);
        if (onTop != null) {
            DottedOptions all = fileName == null ? given : withName(given, onTop, fileName);
            DiskImage raw =
                    openNode(null, RAW, asFileOf(RAW, all.with("driver", onTop.name())), writable, backing, origin);
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
        ProtocolDriver.Mode mode = mode(commonOptions(given), writable);
        Storage file = openFile(given, fileName, mode, origin);
        try {
            Chain chain = chain(file, origin);
            ImageFormat used = stated != null ? stated : probe(file);
            DottedOptions own = ownOptions(used, given);
            Options options = used.openSchema().parse(known(own, used.openSchema()));
            Sharing sharing = used.sharing(mode.writable(), caller.inspectOnly());
            file.share(caller.denyWriters() ? sharing.denying(Permission.WRITE, Permission.RESIZE) : sharing);
            NodeNames.Name name = names.ofImage(used, given, file);
            Node node = new Node(options, given, mode, stated == null, backing, chain);
            DiskImage image = used.open(file, new NodeContext(this, file, node, name));
            try {
                // What the image itself is at fault in is told before an option that is too much.
                refuseUnknown(
                        own, used.openSchema(), "Block format '" + used.name() + "' does not support the option '");
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

    /** What the caller gave wins over what the name says. */
    private static DottedOptions withJson(DottedOptions given, @Nullable String format, String name)
            throws ImageException {
        DottedOptions options = format == null || given.get("driver") != null ? given : given.with("driver", format);
        for (Map.Entry<String, String> entry : JsonNames.parse(name).entries().entrySet()) {
            if (options.get(entry.getKey()) == null) {
                options = options.with(entry.getKey(), entry.getValue());
            }
        }
        return options;
    }

    /** Opens an image that stands on one other. */
    private DiskImage openImageFilter(
            ImageFilter filter, @Nullable String fileName, DottedOptions given, boolean writable, Origin origin)
            throws IOException {
        DottedOptions own = given.child("file");
        if (fileName == null && own.isEmpty()) {
            throw new ImageException(ErrorKind.BAD_OPTION, missingFile(given));
        }
        DottedOptions text = given.withoutChild("file");
        boolean toWrite = mode(commonOptions(given), writable).writable();
        DiskImage inner = openNode(fileName, null, own, toWrite, true, origin);
        try {
            DiskImage image = filter.open(inner, filter.schema().parse(known(text, filter.schema())), caller);
            refuseUnknown(text, filter.schema(), "Block format '" + filter.name() + "' does not support the option '");
            return image;
        } catch (Throwable failure) {
            Closing.after(failure, inner);
            throw failure;
        }
    }

    /** Options of a protocol with those that its name stands for. */
    private static DottedOptions withName(DottedOptions given, ProtocolDriver protocol, String name)
            throws IOException {
        DottedOptions options = given;
        for (Map.Entry<String, String> entry :
                protocol.parseName(name).entries().entrySet()) {
            options = options.with(entry.getKey(), entry.getValue());
        }
        return options;
    }

    /** Options of a protocol on top, as those of the file below a format that shows its bytes as they are. */
    private static DottedOptions asFileOf(String format, DottedOptions given) {
        DottedOptions options = DottedOptions.EMPTY.with("driver", format);
        for (Map.Entry<String, String> entry : given.entries().entrySet()) {
            options = options.with("file." + entry.getKey(), entry.getValue());
        }
        return options;
    }

    private ProtocolDriver.Mode mode(Options common, boolean writable) throws ImageException {
        boolean toWrite = writable && !Boolean.TRUE.equals(common.get(READ_ONLY));
        boolean share = caller.forceShare() || Boolean.TRUE.equals(common.get(FORCE_SHARE));
        if (share && toWrite) {
            throw new ImageException(ErrorKind.BAD_OPTION, "force-share=on can only be used with read-only images");
        }
        return new ProtocolDriver.Mode(toWrite, cacheMode(common), !share, caller.inspectOnly());
    }

    /** What a context needs to know of its node. */
    record Node(
            Options options,
            DottedOptions text,
            ProtocolDriver.Mode mode,
            boolean probed,
            boolean backing,
            Chain chain) {}

    OpenOptions caller() {
        return caller;
    }

    /** Opens the storage below a format: by name, by {@code file.*} options, or as an image of another format. */
    private Storage openFile(DottedOptions options, @Nullable String fileName, ProtocolDriver.Mode mode, Origin origin)
            throws IOException {
        DottedOptions own = options.child("file");
        if (fileName != null) {
            return openByName(fileName, own, mode, origin);
        }
        if (own.isEmpty()) {
            throw new ImageException(ErrorKind.BAD_OPTION, missingFile(options));
        }
        String driver = own.get("driver");
        ProtocolDriver protocol = drivers.findProtocol(driver == null ? "file" : driver);
        return protocol != null
                ? openProtocol(protocol, own, mode, origin)
                : new BlockDeviceStorage(openNode(null, null, own, mode.writable(), true, origin));
    }

    private static String missingFile(DottedOptions options) {
        String reference = options.get("file");
        if (reference != null) {
            return "Cannot find device='" + reference + "' nor node-name='" + reference + "'";
        }
        return options.get("driver") == null
                ? "Must specify either driver or file"
                : "A block device must be specified for \"file\"";
    }

    private Storage openByName(String name, DottedOptions own, ProtocolDriver.Mode mode, Origin origin)
            throws IOException {
        if (name.startsWith(FileNames.JSON_PREFIX)) {
            return new BlockDeviceStorage(openNode(name, null, own, mode.writable(), true, origin));
        }
        ProtocolDriver protocol = drivers.protocolOf(name);
        return openProtocol(protocol, withName(own, protocol, name), mode, origin);
    }

    /** Opens a data file that the caller describes: by its path, or as a tree of options. */
    Storage openDescribed(DottedOptions own, ProtocolDriver.Mode mode, Origin origin) throws IOException {
        String driver = own.get("driver");
        ProtocolDriver protocol = drivers.findProtocol(driver == null ? "file" : driver);
        Storage storage = protocol != null
                ? openProtocol(protocol, own, mode, origin)
                : new BlockDeviceStorage(openNode(null, null, own, mode.writable(), true, origin));
        return asDataFile(storage, mode);
    }

    private Storage asDataFile(Storage storage, ProtocolDriver.Mode mode) throws IOException {
        try {
            storage.share(Sharing.ofDataFile(mode.writable(), caller.inspectOnly()));
            return storage;
        } catch (Throwable failure) {
            Closing.after(failure, storage);
            throw failure;
        }
    }

    /** Makes a file of that very name for an image that is open. */
    OpenContext.NewFile createLiteral(String path, ProtocolDriver.Mode mode, Origin origin) throws IOException {
        ProtocolDriver protocol = drivers.protocolOf("file:");
        Options options = parse(protocol, DottedOptions.EMPTY.with("filename", path));
        caller.gate()
                .permit(new OpenGate.Request(
                        Objects.requireNonNull(origin.role()), protocol.name(), path, origin.referrer()));
        if (protocol.exists(options)) {
            throw new ImageException(
                    ErrorKind.EXISTS, "There is a file '" + path + "' already", path, ImageException.NO_OFFSET, null);
        }
        Storage storage = protocol.create(options, mode);
        return new OpenContext.NewFile() {
            @Override
            public Storage storage() {
                return storage;
            }

            @Override
            public void remove() throws IOException {
                storage.close();
                protocol.delete(options);
            }
        };
    }

    /** Opens a literal path: no prefix in it has a meaning. */
    Storage openLiteral(String path, DottedOptions own, ProtocolDriver.Mode mode, Origin origin) throws IOException {
        ProtocolDriver protocol = drivers.protocolOf("file:");
        return asDataFile(openProtocol(protocol, own.with("filename", path), mode, origin), mode);
    }

    private Storage openProtocol(ProtocolDriver protocol, DottedOptions text, ProtocolDriver.Mode mode, Origin origin)
            throws IOException {
        Options common = commonOptions(text);
        Options options = parse(protocol, text);
        String name = protocol.nameOf(options);
        if (protocol instanceof FilterProtocol filter) {
            return openFilter(filter, options, text, mode, origin);
        }
        if (protocol instanceof GroupProtocol group) {
            return openGroup(group, options, text, mode, origin);
        }
        if (origin.role() != null) {
            caller.gate().permit(new OpenGate.Request(origin.role(), protocol.name(), name, origin.referrer()));
        }
        boolean share = Boolean.TRUE.equals(common.get(FORCE_SHARE));
        boolean readOnly = Boolean.TRUE.equals(common.get(READ_ONLY));
        return protocol.open(
                options,
                new ProtocolDriver.Mode(
                        mode.writable() && !readOnly, mode.cache(), mode.locking() && !share, mode.inspectOnly()));
    }

    /** Opens a storage over another, which is named, described by options, or an image of a format. */
    private Storage openFilter(
            FilterProtocol filter, Options options, DottedOptions text, ProtocolDriver.Mode mode, Origin origin)
            throws IOException {
        DottedOptions own = text.child(filter.child());
        String name = text.get(FilterProtocol.NAME_PREFIX + filter.child());
        if (name == null && own.isEmpty()) {
            throw new ImageException(
                    ErrorKind.BAD_OPTION, "A block device must be specified for \"" + filter.child() + "\"");
        }
        Storage inner = openChild(name, own, mode, origin);
        try {
            NodeNames.Name called =
                    names.ofFilter(filter, ownOptions(filter, text), inner, filter.nameOver(options, inner));
            Storage storage = filter.open(inner, options, lists(filter, text), called.shown());
            names.keep(storage, called);
            return storage;
        } catch (Throwable failure) {
            Closing.after(failure, inner);
            throw failure;
        }
    }

    private Storage openChild(@Nullable String name, DottedOptions own, ProtocolDriver.Mode mode, Origin origin)
            throws IOException {
        String driver = own.get("driver");
        if (driver != null && drivers.findProtocol(driver) == null) {
            return new BlockDeviceStorage(openNode(name, null, own, mode.writable(), true, origin));
        }
        return name != null
                ? openByName(name, own, mode, origin)
                : openProtocol(drivers.protocolOf((driver == null ? "file" : driver) + ':'), own, mode, origin);
    }

    /** Opens a storage over several others. */
    private Storage openGroup(
            GroupProtocol group, Options options, DottedOptions text, ProtocolDriver.Mode mode, Origin origin)
            throws IOException {
        DottedOptions list = text.child(group.list());
        List<Storage> members = new ArrayList<>();
        try {
            while (!list.child(Integer.toString(members.size())).isEmpty()) {
                members.add(openChild(null, list.child(Integer.toString(members.size())), mode, origin));
            }
            NodeNames.Name called = names.ofGroup(group, text.withoutChild(group.list()), members);
            Storage storage = group.open(members, options, called.shown());
            names.keep(storage, called);
            return storage;
        } catch (Throwable failure) {
            Closing.after(failure, members);
            throw failure;
        }
    }

    /** What makes the filter another one: neither what lies beneath nor what every node understands. */
    private static DottedOptions ownOptions(FilterProtocol filter, DottedOptions text) {
        DottedOptions own = text.withoutChild(filter.child()).without(FilterProtocol.NAME_PREFIX + filter.child());
        for (Option<?> common : COMMON.options()) {
            own = own.without(common.name());
        }
        return own;
    }

    private static DottedOptions lists(FilterProtocol filter, DottedOptions text) {
        DottedOptions lists = DottedOptions.EMPTY;
        for (String list : filter.lists()) {
            for (Map.Entry<String, String> entry : text.child(list).entries().entrySet()) {
                lists = lists.with(list + '.' + entry.getKey(), entry.getValue());
            }
        }
        return lists;
    }

    private static Chain chain(Storage file, Origin origin) throws ImageException {
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
        if (depth > LONGEST_CHAIN) {
            throw new ImageException(ErrorKind.LIMIT, "The backing chain is longer than " + LONGEST_CHAIN + " images");
        }
        return new Chain(file.identity(), depth, above);
    }

    /** The format that is surest of the file's first bytes. */
    private ImageFormat probe(Storage file) throws IOException {
        ByteBuffer head = ByteBuffer.allocate((int) Math.min(ImageFormat.PROBE_LENGTH, file.size()));
        int alignment = file.limits().requestAlignment();
        if (head.capacity() % alignment == 0) {
            file.read(head, 0);
        } else {
            ByteBuffer whole = AlignedBuffers.allocate(
                    (head.capacity() + alignment - 1) & -alignment,
                    file.limits().bufferAlignment());
            file.read(whole, 0);
            head.put(whole.flip().limit(head.capacity()));
        }
        head.flip();
        ImageFormat best = surest(head);
        if (best == null) {
            throw new ImageException(
                    ErrorKind.INVALID_FORMAT, "Could not determine image format: No compatible driver found");
        }
        return best;
    }

    /** The format that is surest of these bytes; null where none is at all. */
    @Nullable
    ImageFormat surest(ByteBuffer head) {
        ImageFormat best = null;
        int bestScore = ImageFormat.PROBE_NEVER;
        for (ImageFormat format : drivers.formats()) {
            int score = format.probe(head.asReadOnlyBuffer());
            if (score > bestScore) {
                best = format;
                bestScore = score;
            }
        }
        return best;
    }

    private CacheMode cacheMode(Options common) {
        boolean direct = common.has(CACHE_DIRECT)
                ? Boolean.TRUE.equals(common.get(CACHE_DIRECT))
                : caller.cache().direct();
        boolean noFlush = common.has(CACHE_NO_FLUSH)
                ? Boolean.TRUE.equals(common.get(CACHE_NO_FLUSH))
                : caller.cache().noFlush();
        boolean writeThrough = caller.cache().writeThrough();
        if (noFlush) {
            return CacheMode.UNSAFE;
        }
        if (direct) {
            return writeThrough ? CacheMode.DIRECTSYNC : CacheMode.NONE;
        }
        return writeThrough ? CacheMode.WRITETHROUGH : CacheMode.WRITEBACK;
    }

    private static Options commonOptions(DottedOptions options) throws ImageException {
        DottedOptions common = DottedOptions.EMPTY;
        for (Map.Entry<String, String> entry : options.entries().entrySet()) {
            if (COMMON.find(entry.getKey()) != null) {
                common = common.with(entry.getKey(), entry.getValue());
            }
        }
        return COMMON.parse(common);
    }

    private static DottedOptions ownOptions(ImageFormat format, DottedOptions text) {
        DottedOptions own = text.withoutChild("file");
        for (String child : format.children()) {
            own = own.withoutChild(child);
        }
        return own;
    }

    private static Options parse(ProtocolDriver protocol, DottedOptions text) throws ImageException {
        DottedOptions own = text;
        if (protocol instanceof FilterProtocol filter) {
            own = own.withoutChild(filter.child());
            for (String list : filter.lists()) {
                own = own.withoutChild(list);
            }
        }
        if (protocol instanceof GroupProtocol group) {
            own = own.withoutChild(group.list());
        }
        Options options = protocol.schema().parse(known(own, protocol.schema()));
        // A name that is missing is told before an option that is too much.
        if (protocol.nameOf(options).isEmpty()) {
            throw new ImageException(
                    ErrorKind.BAD_OPTION, "The '" + protocol.name() + "' block driver requires a file name");
        }
        refuseUnknown(own, protocol.schema(), "Block protocol '" + protocol.name() + "' doesn't support the option '");
        return options;
    }

    private static DottedOptions known(DottedOptions own, Schema schema) {
        DottedOptions known = DottedOptions.EMPTY;
        for (Map.Entry<String, String> entry : own.entries().entrySet()) {
            if (schema.find(entry.getKey()) != null) {
                known = known.with(entry.getKey(), entry.getValue());
            }
        }
        return known;
    }

    private static void refuseUnknown(DottedOptions own, Schema schema, String refusal) throws ImageException {
        for (String key : own.entries().keySet()) {
            if (schema.find(key) == null && COMMON.find(key) == null) {
                throw new ImageException(ErrorKind.BAD_OPTION, refusal + key + "'");
            }
        }
    }
}
