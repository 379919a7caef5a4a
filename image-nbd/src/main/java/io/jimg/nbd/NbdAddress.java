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
     * The URI of an export here as the NBD URI specification has it, and as libnbd reads it: what a URI cannot hold is
     * encoded, and the scheme says whether TLS is spoken.
     *
     * @param export empty for the default export
     * @param tls whether clients are to speak TLS
     */
    default String uri(String export, boolean tls) {
        NbdAddress encoded = this instanceof Unix unix ? new Unix(UriText.encode(unix.path)) : this;
        String uri = encoded.url(UriText.encode(export));
        return tls ? "nbds" + uri.substring(NbdProtocol.NAME.length()) : uri;
    }

    /**
     * Where clients on the same host find a server that listens here: a wildcard, which stands for all addresses of the
     * host, becomes {@code localhost}.
     */
    default NbdAddress reachable() {
        return this;
    }

    /**
     * A host's port.
     *
     * @param host name or address, an IPv6 address without brackets; for a server, {@code 0.0.0.0}, {@code ::} and
     *     nothing are all addresses of the host
     * @param port number
     */
    record Inet(String host, int port) implements NbdAddress {
        /** Checks the port. */
        public Inet {
            if (port < 0 || port > 0xffff) {
                throw new IllegalArgumentException("port " + port);
            }
        }

        /** Whether it stands for all addresses of a host. */
        public boolean isWildcard() {
            return host.chars().allMatch(letter -> letter == '0' || letter == ':' || letter == '.');
        }

        @Override
        public NbdAddress reachable() {
            return isWildcard() ? new Inet("localhost", port) : this;
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
