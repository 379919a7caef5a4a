package io.jimg.graph;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.debug.BlkdebugProtocol;
import io.jimg.quorum.QuorumProtocol;
import io.jimg.spi.ImageFormat;
import io.jimg.spi.ProtocolDriver;
import io.jimg.storage.FileProtocol;
import io.jimg.storage.HostDeviceProtocol;
import io.jimg.storage.NullProtocol;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * The drivers that are known. Immutable.
 *
 * @param formats formats, in order of registration
 * @param protocols protocols, in order of registration
 */
public record Drivers(List<ImageFormat> formats, List<ProtocolDriver> protocols) {

    /** Copies the lists. */
    public Drivers {
        formats = List.copyOf(formats);
        protocols = List.copyOf(protocols);
    }

    /** The protocols of this module. */
    public static Drivers own() {
        return new Drivers(
                List.of(),
                List.of(
                        new FileProtocol(),
                        new HostDeviceProtocol(),
                        new NullProtocol(),
                        new BlkdebugProtocol(),
                        new QuorumProtocol()));
    }

    /** Those that {@link ServiceLoader} finds with the class loader of the SPI. */
    public static Drivers installed() {
        ClassLoader loader = ImageFormat.class.getClassLoader();
        List<ImageFormat> formats = new ArrayList<>();
        ServiceLoader.load(ImageFormat.class, loader).forEach(formats::add);
        List<ProtocolDriver> protocols = new ArrayList<>();
        ServiceLoader.load(ProtocolDriver.class, loader).forEach(protocols::add);
        return new Drivers(formats, protocols);
    }

    /** These and one more format, which wins over one of the same name. */
    public Drivers with(ImageFormat format) {
        List<ImageFormat> more = new ArrayList<>(formats);
        more.removeIf(known -> known.name().equals(format.name()));
        more.add(format);
        return new Drivers(more, protocols);
    }

    /** These and one more protocol, which wins over one of the same name. */
    public Drivers with(ProtocolDriver protocol) {
        List<ProtocolDriver> more = new ArrayList<>(protocols);
        more.removeIf(known -> known.name().equals(protocol.name()));
        more.add(protocol);
        return new Drivers(formats, more);
    }

    /** The format of that name; null where there is none. */
    public @Nullable ImageFormat findFormat(String name) {
        for (ImageFormat format : formats) {
            if (format.name().equals(name)) {
                return format;
            }
        }
        return null;
    }

    /** The protocol of that name; null where there is none. */
    public @Nullable ProtocolDriver findProtocol(String name) {
        for (ProtocolDriver protocol : protocols) {
            if (protocol.name().equals(name)) {
                return protocol;
            }
        }
        return null;
    }

    /** The protocol that a file name asks for: by its prefix, or {@code file}. */
    public ProtocolDriver protocolOf(String fileName) throws ImageException {
        String prefix = FileNames.protocolPrefix(fileName);
        String wanted = prefix == null ? "file" : prefix;
        for (ProtocolDriver protocol : protocols) {
            if (protocol.prefixes().contains(wanted)) {
                return protocol;
            }
        }
        throw new ImageException(ErrorKind.UNSUPPORTED, "Unknown protocol '" + wanted + "'");
    }
}
