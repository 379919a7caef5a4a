package io.jimg.nbd;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.spi.DottedOptions;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Names of exports: URLs ({@code nbd://host:port/export}, {@code nbd+unix:///export?socket=path}) and QEMU's older form
 * ({@code nbd:host:port:exportname=export}, {@code nbd:unix:path:exportname=export}).
 */
final class NbdNames {
    private static final String PREFIX = NbdProtocol.NAME + ":";
    private static final String EXPORT_NAME = ":exportname=";
    private static final String SOCKET = "socket=";

    private NbdNames() {}

    static DottedOptions parse(String name) throws ImageException {
        return name.contains("://") ? parseUrl(name) : parseOld(name.substring(PREFIX.length()));
    }

    private static DottedOptions parseOld(String rest) throws ImageException {
        DottedOptions options = DottedOptions.EMPTY;
        String place = rest;
        int mark = rest.indexOf(EXPORT_NAME);
        if (mark >= 0) {
            place = rest.substring(0, mark);
            options = options.with(Nbd.EXPORT.name(), rest.substring(mark + EXPORT_NAME.length()));
        }
        if (place.isEmpty()) {
            return options;
        }
        if (place.startsWith("unix:")) {
            return options.with(Nbd.SERVER_TYPE.name(), "unix")
                    .with(Nbd.SERVER_PATH.name(), place.substring("unix:".length()));
        }
        return withHost(options, place, null);
    }

    private static DottedOptions parseUrl(String name) throws ImageException {
        int colon = name.indexOf("://");
        String scheme = name.substring(0, colon);
        String rest = name.substring(colon + 3);
        int fragment = rest.indexOf('#');
        String all = fragment < 0 ? rest : rest.substring(0, fragment);
        int question = all.indexOf('?');
        String query = question < 0 ? "" : all.substring(question + 1);
        String place = question < 0 ? all : all.substring(0, question);
        int slash = place.indexOf('/');
        String authority = slash < 0 ? place : place.substring(0, slash);
        String export = slash < 0 ? "" : decode(place.substring(slash).replaceFirst("^/+", ""));
        DottedOptions options =
                export.isEmpty() ? DottedOptions.EMPTY : DottedOptions.EMPTY.with(Nbd.EXPORT.name(), export);
        if (scheme.equals("nbd+unix")) {
            if (!authority.isEmpty() || !query.startsWith(SOCKET) || query.indexOf('&') >= 0) {
                throw invalid();
            }
            return options.with(Nbd.SERVER_TYPE.name(), "unix")
                    .with(Nbd.SERVER_PATH.name(), decode(query.substring(SOCKET.length())));
        }
        if (authority.isEmpty() || question >= 0) {
            throw invalid();
        }
        return withHost(options, authority, Integer.toString(NbdAddress.DEFAULT_PORT));
    }

    /**
     * Host and port.
     *
     * @param defaultPort null in the older form, where the port must be there
     */
    private static DottedOptions withHost(DottedOptions options, String place, @Nullable String defaultPort)
            throws ImageException {
        String host = place;
        String port = defaultPort;
        int end = place.startsWith("[") ? place.indexOf(']') : -1;
        int colon = place.indexOf(':', Math.max(0, end));
        if (colon >= 0) {
            host = place.substring(0, colon);
            port = place.substring(colon + 1);
        }
        if (port == null) {
            throw new ImageException(ErrorKind.BAD_OPTION, "error parsing address '" + place + "'");
        }
        if (defaultPort != null && !port.matches("[0-9]{1,5}")) {
            throw invalid();
        }
        return options.with(Nbd.SERVER_TYPE.name(), "inet")
                .with(Nbd.SERVER_HOST.name(), end > 0 ? host.substring(1, end) : host)
                .with(Nbd.SERVER_PORT.name(), port);
    }

    /** Takes the percent signs out. */
    private static String decode(String text) throws ImageException {
        if (text.indexOf('%') < 0) {
            return text;
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream decoded = new ByteArrayOutputStream(bytes.length);
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] != '%') {
                decoded.write(bytes[i]);
                continue;
            }
            int high = i + 2 <= bytes.length - 1 ? Character.digit(bytes[i + 1], 16) : -1;
            int low = i + 2 <= bytes.length - 1 ? Character.digit(bytes[i + 2], 16) : -1;
            if (high < 0 || low < 0) {
                throw invalid();
            }
            decoded.write(high << 4 | low);
            i += 2;
        }
        return decoded.toString(StandardCharsets.UTF_8);
    }

    private static ImageException invalid() {
        return new ImageException(ErrorKind.BAD_OPTION, "No valid URL specified");
    }
}
