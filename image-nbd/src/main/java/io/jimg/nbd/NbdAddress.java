package io.jimg.nbd;

/** Where a server listens. */
public sealed interface NbdAddress {
    /** The port that IANA reserved for NBD. */
    int DEFAULT_PORT = 10809;

    /** As QEMU's sentences name it: {@code host:port}, or a path. */
    String text();

    /**
     * The URL of an export here, in QEMU's spelling.
     *
     * @param export empty for the default export
     */
    String url(String export);

    /**
     * As QEMU names the image of an export here, which is its URL but for one slash.
     *
     * @param export empty for the default export
     */
    default String imageName(String export) {
        return url(export);
    }

    /**
     * A host's port.
     *
     * @param host name or address; an IPv6 address without brackets
     * @param port number
     */
    record Inet(String host, int port) implements NbdAddress {
        /** Checks the port. */
        public Inet {
            if (port < 0 || port > 0xffff) {
                throw new IllegalArgumentException("port " + port);
            }
        }

        @Override
        public String text() {
            return host + ":" + port;
        }

        @Override
        public String url(String export) {
            String place = (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
            return "nbd://" + place + (export.isEmpty() ? "" : "/" + export);
        }
    }

    /**
     * A socket in the file system.
     *
     * @param path of the socket
     */
    record Unix(String path) implements NbdAddress {
        @Override
        public String text() {
            return path;
        }

        @Override
        public String url(String export) {
            return "nbd+unix:///" + export + "?socket=" + path;
        }

        @Override
        public String imageName(String export) {
            return export.isEmpty() ? "nbd+unix://?socket=" + path : url(export);
        }
    }
}
