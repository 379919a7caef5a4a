package io.jimg.graph;

import io.jimg.DiskImage;
import io.jimg.device.ForwardingDevice;
import io.jimg.spi.Doc;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A protocol's bytes as an image without a format above them: a raw image that goes by the protocol's name. */
final class ProtocolImage extends ForwardingDevice implements DiskImage {
    private final DiskImage raw;
    private final String protocol;

    /** Over a raw image, which it closes. */
    ProtocolImage(DiskImage raw, String protocol) {
        super(raw);
        this.raw = raw;
        this.protocol = protocol;
    }

    @Override
    public String format() {
        return protocol;
    }

    @Override
    public String name() {
        return raw.name();
    }

    @Override
    public @Nullable DiskImage backing() {
        return null;
    }

    @Override
    public long allocatedSize() throws IOException {
        return raw.allocatedSize();
    }

    @Override
    public Doc formatSpecific() {
        return Doc.EMPTY;
    }

    @Override
    public <T> Optional<T> capability(Class<T> type) {
        return raw.capability(type);
    }
}
