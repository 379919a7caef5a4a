package io.jimg.cli.serve;

import io.jimg.cli.getopt.OptionSpec;
import java.util.List;

/** The options of {@code qemu-nbd}, in the order of its help. */
final class NbdWords {
    static final List<OptionSpec> TABLE = List.of(
            OptionSpec.flag('h', "display this help and exit").or("help"),
            OptionSpec.flag('V', "output version information and exit").or("version"),
            OptionSpec.valued('p', "PORT", "port to listen on (default `10809')")
                    .or("port"),
            OptionSpec.valued('b', "IFACE", "address to listen on (default `0.0.0.0')")
                    .or("bind"),
            OptionSpec.valued('k', "PATH", "Unix socket to listen on").or("socket"),
            OptionSpec.valued('e', "NUM", "how many clients there may be at once (default `1')")
                    .or("shared"),
            OptionSpec.flag('t', "go on when the last client has gone").or("persistent"),
            OptionSpec.flag('v', "accepted, without effect").or("verbose"),
            OptionSpec.valued('x', "NAME", "name of the export (default is empty)")
                    .or("export-name"),
            OptionSpec.valued('D', "TEXT", "description of the export").or("description"),
            OptionSpec.valued("handshake-limit", "N", "seconds that a client may take to choose (default 10)"),
            OptionSpec.valued('o', "OFFSET", "show the image from there on").or("offset"),
            OptionSpec.flag('A', "tell how deep in the chain data lies").or("allocation-depth"),
            OptionSpec.valued('B', "NAME", "tell a dirty bitmap").or("bitmap"),
            OptionSpec.flag('L', "list the exports of another server").or("list"),
            OptionSpec.valued("object", "type,id=ID,...", "define an object, such as secret,id=ID,file=FILE"),
            OptionSpec.valued("tls-creds", "ID", "speak TLS with the credentials of an earlier --object"),
            OptionSpec.valued("tls-authz", "ID", "not there: credentials demand certificates by verify-peer"),
            OptionSpec.valued("tls-hostname", "HOSTNAME", "whom the server's certificate must be for"),
            OptionSpec.valued('T', "PATTERN", "accepted for compatibility; there is nothing to trace")
                    .or("trace"),
            OptionSpec.flag("fork", "go on in the background once it listens"),
            OptionSpec.valued("pid-file", "PATH", "write the server's process there while it runs"),
            OptionSpec.valued("selinux-label", "LABEL", "accepted with --socket, without effect"),
            OptionSpec.valued('c', "DEV", "not there: needs the kernel's client")
                    .or("connect"),
            OptionSpec.flag('d', "not there: needs the kernel's client").or("disconnect"),
            OptionSpec.valued('f', "FORMAT", "format of the image (raw, qcow2, ...)")
                    .or("format"),
            OptionSpec.flag('r', "refuse writes").or("read-only"),
            OptionSpec.flag('s', "keep what is written in a temporary file, and throw it away at the end")
                    .or("snapshot"),
            OptionSpec.valued('l', "SNAPSHOT", "show an internal snapshot, read-only")
                    .or("load-snapshot"),
            OptionSpec.flag('n', "pass the host's cache by, as --cache=none does")
                    .or("nocache"),
            OptionSpec.valued("cache", "MODE", "none, writeback (default), writethrough, directsync or unsafe"),
            OptionSpec.valued("aio", "MODE", "native, io_uring or threads: accepted, without effect"),
            OptionSpec.valued("discard", "MODE", "ignore (default) or unmap"),
            OptionSpec.valued("detect-zeroes", "MODE", "off (default), on or unmap"),
            OptionSpec.flag("image-opts", "read FILE as a list of options (driver=...,file.filename=...)"));

    private NbdWords() {}
}
