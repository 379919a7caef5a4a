package io.jimg.nbd;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.nbd.wire.SocketWire;
import io.jimg.nbd.wire.Wire;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Makes connections to servers, without a word being exchanged. */
final class Connector {
    private Connector() {}

    /**
     * Connects.
     *
     * @throws ImageException with QEMU's sentence
     */
    static Wire connect(NbdAddress address) throws IOException {
        IOException last = new IOException("No address");
        for (SocketAddress place : places(address)) {
            try {
                return SocketWire.connect(place);
            } catch (IOException failed) {
                last = failed;
            }
        }
        String words = String.valueOf(last.getMessage());
        throw new ImageException(
                words.startsWith("No such file") ? ErrorKind.NOT_FOUND : ErrorKind.IO,
                "Failed to connect to '" + address.text() + "': " + words,
                address.text(),
                ImageException.NO_OFFSET,
                last);
    }

    private static List<SocketAddress> places(NbdAddress address) throws ImageException {
        if (address instanceof NbdAddress.Unix unix) {
            return List.of(UnixDomainSocketAddress.of(Path.of(unix.path())));
        }
        NbdAddress.Inet inet = (NbdAddress.Inet) address;
        try {
            List<SocketAddress> places = new ArrayList<>();
            for (InetAddress one : InetAddress.getAllByName(inet.host())) {
                places.add(new InetSocketAddress(one, inet.port()));
            }
            return places;
        } catch (UnknownHostException unknown) {
            throw new ImageException(
                    ErrorKind.IO,
                    "address resolution failed for " + inet.text() + ": Name or service not known",
                    inet.text(),
                    ImageException.NO_OFFSET,
                    unknown);
        }
    }
}
