package io.jimg.graph;

import io.jimg.DiskImage;
import io.jimg.device.ForwardingImage;
import java.util.List;

/** A protocol's bytes as an image without a format above them: a raw image that goes by the protocol's name. */
final class ProtocolImage extends ForwardingImage {
    private final String protocol;

    /** Over a raw image, which it closes. */
    ProtocolImage(DiskImage raw, String protocol) {
        super(raw);
        this.protocol = protocol;
    }

    @Override
    public String format() {
        return protocol;
    }

    /** None: a file is not its own child. */
    @Override
    public List<Child> children() {
        return List.of();
    }
}
