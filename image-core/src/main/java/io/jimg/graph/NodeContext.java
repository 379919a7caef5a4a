package io.jimg.graph;

import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Notices;
import io.jimg.OpenLimits;
import io.jimg.Options;
import io.jimg.Secrets;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.OpenContext;
import io.jimg.spi.OpenGate;
import io.jimg.spi.ProtocolDriver;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** One image's way to the opener that opens it. */
final class NodeContext implements OpenContext {
    private final NodeOpener opener;
    private final Storage file;
    private final NodeOpener.Node node;
    private final NodeNames.Name name;

    NodeContext(NodeOpener opener, Storage file, NodeOpener.Node node, NodeNames.Name name) {
        this.opener = opener;
        this.file = file;
        this.node = node;
        this.name = name;
    }

    @Override
    public Options options() {
        return node.options();
    }

    @Override
    public boolean writable() {
        return node.mode().writable();
    }

    @Override
    public CacheMode cache() {
        return node.mode().cache();
    }

    @Override
    public boolean inspectOnly() {
        return opener.caller().inspectOnly();
    }

    @Override
    public boolean toCheck() {
        return opener.caller().toCheck();
    }

    @Override
    public boolean probed() {
        return node.probed();
    }

    @Override
    public @Nullable String formatOf(ByteBuffer head) {
        return opener.probe().nameOf(head);
    }

    @Override
    public Secrets secrets() {
        return opener.caller().secrets();
    }

    @Override
    public String imageName(Storage imageFile) {
        return imageFile == file ? name.shown() : imageFile.name();
    }

    @Override
    public Notices notices() {
        return opener.caller().notices();
    }

    @Override
    public OpenLimits limits() {
        return opener.caller().limits();
    }

    @Override
    public @Nullable DiskImage openBacking(@Nullable String name, @Nullable String format) throws IOException {
        if (!node.backing()) {
            return null;
        }
        DottedOptions text = node.text();
        String reference = text.get("backing");
        if (reference != null && !reference.isEmpty()) {
            throw new ImageException(
                    ErrorKind.BAD_OPTION, "Cannot find device='" + reference + "' nor node-name='" + reference + "'");
        }
        if (reference != null) {
            return null;
        }
        DottedOptions own = text.child("backing");
        boolean named = !own.child("file").isEmpty();
        if (name == null && !named) {
            return null;
        }
        try {
            if (FreshStack.beginsAt(node.chain().depth() + 1)) {
                return new DeepImage(FreshStack.call(() -> openBeneath(named ? null : name, format, own)));
            }
            return openBeneath(named ? null : name, format, own);
        } catch (ImageException failure) {
            // A chain that is too long would be told of once for each of its images.
            throw failure.kind() == ErrorKind.LIMIT ? failure : failure.prefixed("Could not open backing file: ");
        }
    }

    /** Opens the backing file; without a name, the one that the caller's options describe. */
    private DiskImage openBeneath(@Nullable String name, @Nullable String format, DottedOptions own)
            throws IOException {
        NodeOpener.Origin origin = origin(OpenGate.Role.BACKING_FILE);
        boolean writable = opener.caller().writableLayer() == node.chain().depth();
        return name == null
                ? opener.openNode(null, format, own, writable, true, origin.byOptions())
                : opener.openNode(FileNames.resolve(this.name.place(), name), format, own, writable, true, origin);
    }

    @Override
    public @Nullable Storage openStorage(String child, OpenGate.Role role, @Nullable String name) throws IOException {
        DottedOptions own = node.text().child(child);
        ProtocolDriver.Mode mode = node.mode();
        NodeOpener.Origin origin = origin(role);
        if (own.get("filename") != null
                || own.get("driver") != null
                || !own.child("file").isEmpty()) {
            return opener.storages().openDescribed(own, mode, origin.byOptions());
        }
        if (name == null) {
            return null;
        }
        return opener.storages().openLiteral(name, own, mode, origin);
    }

    @Override
    public NewFile createStorage(OpenGate.Role role, String name) throws IOException {
        return opener.storages().createLiteral(name, node.mode(), origin(role));
    }

    @Override
    public @Nullable String resolve(String name) {
        try {
            return FileNames.resolve(this.name.place(), name);
        } catch (ImageException noFolder) {
            return null;
        }
    }

    private NodeOpener.Origin origin(OpenGate.Role role) {
        return new NodeOpener.Origin(role, file.name(), node.chain(), node.described());
    }
}
