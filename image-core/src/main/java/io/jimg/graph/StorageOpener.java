package io.jimg.graph;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.OpenOptions;
import io.jimg.Options;
import io.jimg.spi.Closing;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.FilterProtocol;
import io.jimg.spi.GroupProtocol;
import io.jimg.spi.OpenContext;
import io.jimg.spi.OpenGate;
import io.jimg.spi.ProtocolDriver;
import io.jimg.storage.BlockDeviceStorage;
import io.jimg.storage.Sharing;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Opens what lies below images: files and other protocols, storages over storages, and images that serve as one. */
final class StorageOpener {
    private final NodeOpener images;
    private final Drivers drivers;
    private final OpenOptions caller;
    private final NodeNames names;

    StorageOpener(NodeOpener images, Drivers drivers, OpenOptions caller, NodeNames names) {
        this.images = images;
        this.drivers = drivers;
        this.caller = caller;
        this.names = names;
    }

    /** Opens the storage below a format: by name, by {@code file.*} options, or as an image of another format. */
    Storage openFile(
            DottedOptions options, @Nullable String fileName, ProtocolDriver.Mode mode, NodeOpener.Origin origin)
            throws IOException {
        DottedOptions own = options.child("file");
        if (fileName != null) {
            return openByName(fileName, own, mode, origin);
        }
        if (own.isEmpty()) {
            throw new ImageException(ErrorKind.BAD_OPTION, NodeOptions.missingFile(options));
        }
        String driver = own.get("driver");
        ProtocolDriver protocol = drivers.findProtocol(driver == null ? "file" : driver);
        return protocol != null
                ? openProtocol(protocol, own, mode, origin)
                : new BlockDeviceStorage(images.openNode(null, null, own, mode.writable(), true, origin));
    }

    private Storage openByName(String name, DottedOptions own, ProtocolDriver.Mode mode, NodeOpener.Origin origin)
            throws IOException {
        if (name.startsWith(FileNames.JSON_PREFIX)) {
            return new BlockDeviceStorage(images.openNode(name, null, own, mode.writable(), true, origin));
        }
        ProtocolDriver protocol = drivers.protocolOf(name);
        return openProtocol(protocol, NodeOptions.withName(own, protocol, name), mode, origin);
    }

    /** Opens a data file that the caller describes: by its path, or as a tree of options. */
    Storage openDescribed(DottedOptions own, ProtocolDriver.Mode mode, NodeOpener.Origin origin) throws IOException {
        String driver = own.get("driver");
        ProtocolDriver protocol = drivers.findProtocol(driver == null ? "file" : driver);
        Storage storage = protocol != null
                ? openProtocol(protocol, own, mode, origin)
                : new BlockDeviceStorage(images.openNode(null, null, own, mode.writable(), true, origin));
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
    OpenContext.NewFile createLiteral(String path, ProtocolDriver.Mode mode, NodeOpener.Origin origin)
            throws IOException {
        ProtocolDriver protocol = drivers.protocolOf("file:");
        Options options = NodeOptions.parse(protocol, DottedOptions.EMPTY.with("filename", path));
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
    Storage openLiteral(String path, DottedOptions own, ProtocolDriver.Mode mode, NodeOpener.Origin origin)
            throws IOException {
        ProtocolDriver protocol = drivers.protocolOf("file:");
        return asDataFile(openProtocol(protocol, own.with("filename", path), mode, origin), mode);
    }

    private Storage openProtocol(
            ProtocolDriver protocol, DottedOptions text, ProtocolDriver.Mode mode, NodeOpener.Origin origin)
            throws IOException {
        Options common = NodeOptions.commonOptions(text);
        Options options = NodeOptions.parse(protocol, text);
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
        boolean share = Boolean.TRUE.equals(common.get(NodeOptions.FORCE_SHARE));
        boolean readOnly = Boolean.TRUE.equals(common.get(NodeOptions.READ_ONLY));
        return protocol.open(
                options,
                new ProtocolDriver.Mode(
                        mode.writable() && !readOnly,
                        mode.cache(),
                        mode.locking() && !share,
                        mode.inspectOnly(),
                        mode.tlsCredentials()));
    }

    /** Opens a storage over another, which is named, described by options, or an image of a format. */
    private Storage openFilter(
            FilterProtocol filter,
            Options options,
            DottedOptions text,
            ProtocolDriver.Mode mode,
            NodeOpener.Origin origin)
            throws IOException {
        DottedOptions own = text.child(filter.child());
        String name = text.get(FilterProtocol.NAME_PREFIX + filter.child());
        if (name == null && own.isEmpty()) {
            throw new ImageException(
                    ErrorKind.BAD_OPTION, "A block device must be specified for \"" + filter.child() + "\"");
        }
        if (origin.role() != null) {
            for (String file : filter.files(options)) {
                caller.gate().permit(new OpenGate.Request(origin.role(), "file", file, origin.referrer()));
            }
        }
        Storage inner = openChild(name, own, mode, origin);
        try {
            NodeNames.Name called = names.ofFilter(
                    filter, NodeOptions.ownOptions(filter, text), inner, filter.nameOver(options, inner));
            Storage storage = filter.open(inner, options, NodeOptions.lists(filter, text), called.shown());
            names.keep(storage, called);
            return storage;
        } catch (Throwable failure) {
            Closing.after(failure, inner);
            throw failure;
        }
    }

    private Storage openChild(
            @Nullable String name, DottedOptions own, ProtocolDriver.Mode mode, NodeOpener.Origin origin)
            throws IOException {
        String driver = own.get("driver");
        if (driver != null && drivers.findProtocol(driver) == null) {
            return new BlockDeviceStorage(images.openNode(name, null, own, mode.writable(), true, origin));
        }
        return name != null
                ? openByName(name, own, mode, origin)
                : openProtocol(drivers.protocolOf((driver == null ? "file" : driver) + ':'), own, mode, origin);
    }

    /** Opens a storage over several others. */
    private Storage openGroup(
            GroupProtocol group,
            Options options,
            DottedOptions text,
            ProtocolDriver.Mode mode,
            NodeOpener.Origin origin)
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
}
