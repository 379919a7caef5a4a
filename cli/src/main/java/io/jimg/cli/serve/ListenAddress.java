package io.jimg.cli.serve;

import io.jimg.BlockDevice;
import io.jimg.cli.process.CommandException;
import io.jimg.nbd.NbdAddress;
import io.jimg.vmm.nbd.NbdExport;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** What a server is told of itself: where it listens, and the texts that the protocol bounds. */
public final class ListenAddress {
    /** The address that only this host reaches. */
    public static final String LOOPBACK = "127.0.0.1";

    /** The highest port. */
    public static final int HIGHEST_PORT = 0xffff;

    private static final int LONGEST_TEXT = 4096;
    private static final int LONGEST_PATH = 107;

    private ListenAddress() {}

    /** A socket in the file system. */
    public static NbdAddress unix(String socket) throws CommandException {
        String path = Path.of(socket).toAbsolutePath().toString();
        if (path.getBytes(StandardCharsets.UTF_8).length > LONGEST_PATH) {
            throw new CommandException("UNIX socket path '" + path + "' is too long\nPath must be less than "
                    + (LONGEST_PATH + 1) + " bytes");
        }
        return new NbdAddress.Unix(path);
    }

    /** A port of a host that there is. */
    public static NbdAddress inet(String host, int port) throws CommandException {
        try {
            InetAddress.getByName(host);
        } catch (UnknownHostException unknown) {
            throw new CommandException(
                    "address resolution failed for " + host + ":" + port + ": Name or service not known");
        }
        return new NbdAddress.Inet(host, port);
    }

    /** A text that the protocol can carry. */
    public static String text(String what, String text) throws CommandException {
        if (text.getBytes(StandardCharsets.UTF_8).length > LONGEST_TEXT) {
            throw new CommandException(what + " '" + text + "' too long");
        }
        return text;
    }

    /** An export whose name the protocol can carry. */
    public static NbdExport export(String name, BlockDevice device) throws CommandException {
        return NbdExport.of(text("export name", name), device);
    }
}
