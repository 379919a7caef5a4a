package io.jimg.cli.commands;

import io.jimg.TlsIdentity;
import io.jimg.cli.arguments.CacheModes;
import io.jimg.cli.arguments.ImageSource;
import io.jimg.cli.arguments.OutputForm;
import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.arguments.SizeArgument;
import io.jimg.cli.arguments.SnapshotChoice;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.cli.serve.Attachment;
import io.jimg.cli.serve.DeviceWords;
import io.jimg.cli.serve.ImageWishes;
import io.jimg.cli.serve.ListenAddress;
import io.jimg.cli.serve.MonitorTls;
import io.jimg.cli.serve.NbdService;
import io.jimg.cli.serve.ServedImage;
import io.jimg.cli.serve.Service;
import io.jimg.cli.serve.Serving;
import io.jimg.cli.serve.VhostUserService;
import io.jimg.nbd.NbdAddress;
import io.jimg.nbd.tls.X509Folder;
import io.jimg.spi.Doc;
import io.jimg.spi.JsonWriter;
import io.jimg.vmm.nbd.NbdExport;
import io.jimg.vmm.nbd.NbdServerLimits;
import io.jimg.vmm.nbd.ServerTls;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code serve}: images become disks of virtual machines, over NBD or vhost-user-blk. */
final class ServeCommand implements Command {
    private static final OptionSpec SOCKET = OptionSpec.valued("socket", "path", "listen on this Unix socket");
    private static final OptionSpec HOST =
            OptionSpec.valued("host", "address", "listen on this address of the host (127.0.0.1)");
    private static final OptionSpec PORT =
            OptionSpec.valued("port", "number", "listen on this port (10809); 0 for any that is free");
    private static final OptionSpec NAME = OptionSpec.valued(
            "name", "name", "name of the next image's export: empty for a single image, else the file's name");
    private static final OptionSpec DESCRIPTION =
            OptionSpec.valued("description", "text", "what is said of the next image's export");
    private static final OptionSpec READ_ONLY =
            OptionSpec.flag('r', "refuse writes").or("read-only");
    private static final OptionSpec SNAPSHOT = OptionSpec.flag(
                    's', "keep what is written in a temporary file, and throw it away at the end")
            .or("snapshot");
    private static final OptionSpec LOAD_SNAPSHOT = OptionSpec.valued(
                    'l', "snapshot", "show this internal snapshot, read-only")
            .or("load-snapshot");
    private static final OptionSpec BITMAP =
            OptionSpec.valued("bitmap", "name", "tell this dirty bitmap as qemu:dirty-bitmap:NAME; may be repeated");
    private static final OptionSpec ALLOCATION_DEPTH =
            OptionSpec.flag("allocation-depth", "tell how deep in the chain data lies");
    private static final OptionSpec OFFSET = OptionSpec.valued("offset", "bytes", "show the image from there on");
    private static final OptionSpec CACHE =
            OptionSpec.valued("cache", "cache", "how the host's cache is used (writeback)");
    private static final OptionSpec DISCARD =
            OptionSpec.valued("discard", "unmap|ignore", "whether clients may give space back (unmap)");
    private static final OptionSpec DETECT_ZEROES =
            OptionSpec.valued("detect-zeroes", "off|on|unmap", "what becomes of written zeroes (off)");
    private static final OptionSpec PERSISTENT = OptionSpec.flag("persistent", "go on when the last client has gone");
    private static final OptionSpec SHARED =
            OptionSpec.valued("shared", "number", "how many clients there may be at once (64)");
    private static final OptionSpec PID_FILE =
            OptionSpec.valued("pid-file", "path", "write the server's process there while it runs");
    private static final OptionSpec TLS_DIR =
            OptionSpec.valued("tls-dir", "path", "speak TLS with the certificates and keys of this folder");
    private static final OptionSpec TLS_CLIENT_DIR = OptionSpec.valued(
            "tls-client-dir", "path", "with --print qemu, the folder of QEMU's own certificates and keys");
    private static final OptionSpec TLS_ANY_CLIENT =
            OptionSpec.flag("tls-any-client", "demand no certificates of clients");
    private static final OptionSpec TLS_OPTIONAL =
            OptionSpec.flag("tls-optional", "serve clients that do without TLS, too");
    private static final OptionSpec VHOST_USER =
            OptionSpec.flag("vhost-user", "serve vhost-user-blk in place of NBD; one image, with --socket");
    private static final OptionSpec NUM_QUEUES =
            OptionSpec.valued("num-queues", "number", "queues of a vhost-user-blk disk (1)");
    private static final OptionSpec SERIAL = OptionSpec.valued("serial", "text", "serial of a vhost-user-blk disk");
    private static final OptionSpec PRINT = OptionSpec.valued(
            "print", "qemu|libvirt|cloud-hypervisor", "serve nothing: print what attaches the disk there");
    private static final OptionSpec MEMORY =
            OptionSpec.valued("memory", "size", "with --print and --vhost-user, the guest's memory (1G)");

    private static final int MOST_CLIENTS = 4096;
    private static final int MOST_QUEUES = 256;

    private boolean imageOpts;
    private @Nullable String socket;
    private @Nullable String host;
    private @Nullable Long port;
    private @Nullable String format;
    private @Nullable Path pidFile;
    private @Nullable String print;
    private @Nullable String serial;
    private final List<String> names = new ArrayList<>();
    private final List<String> descriptions = new ArrayList<>();
    private final List<String> bitmaps = new ArrayList<>();
    private ImageWishes wishes = ImageWishes.PLAIN;
    private OutputForm output = OutputForm.HUMAN;
    private boolean allocationDepth;
    private boolean persistent;
    private @Nullable Path tlsFolder;
    private @Nullable Path tlsClientFolder;
    private boolean tlsAnyClient;
    private boolean tlsOptional;
    private boolean vhostUser;
    private int queues = 1;
    private long memory = Attachment.DEFAULT_MEMORY;
    private NbdServerLimits limits = NbdServerLimits.DEFAULT;

    @Override
    public List<OptionSpec> options() {
        return List.of(
                SharedOptions.HELP,
                SharedOptions.FORMAT,
                SharedOptions.IMAGE_OPTS,
                SharedOptions.OBJECT,
                SOCKET,
                HOST,
                PORT,
                NAME,
                DESCRIPTION,
                READ_ONLY,
                SNAPSHOT,
                LOAD_SNAPSHOT,
                BITMAP,
                ALLOCATION_DEPTH,
                OFFSET,
                CACHE,
                DISCARD,
                DETECT_ZEROES,
                PERSISTENT,
                SHARED,
                PID_FILE,
                TLS_DIR,
                TLS_CLIENT_DIR,
                TLS_ANY_CLIENT,
                TLS_OPTIONAL,
                VHOST_USER,
                NUM_QUEUES,
                SERIAL,
                PRINT,
                MEMORY,
                SharedOptions.OUTPUT);
    }

    @Override
    public String operands() {
        return "FILENAME...";
    }

    @Override
    public String summary() {
        return "feed images to virtual machines as their disks";
    }

    @Override
    public int run(Invocation invocation) throws UsageException, CommandException, IOException {
        Console console = invocation.console();
        ImageSource source = new ImageSource(console);
        Getopt words = invocation.options(this);
        String key;
        while ((key = words.next()) != null) {
            if (key.equals("h")) {
                return HELP;
            }
            take(key, words, source, console);
        }
        List<String> images = words.operands();
        if (images.isEmpty()) {
            throw new UsageException("Expecting at least one image file name");
        }
        check(images);
        List<String> exportNames = exportNames(images);
        if (print != null) {
            print(console, exportNames);
            return 0;
        }
        List<Serving.Opening> openings = new ArrayList<>();
        for (String image : images) {
            ImageSource.Located located = source.locate(image, format);
            openings.add(() -> ServedImage.open(located, wishes, "Could not open '" + image + "': "));
        }
        new Serving(persistent, pidFile)
                .run(openings, opened -> offer(opened, exportNames), addresses -> announce(console, addresses));
        return 0;
    }

    private void take(String key, Getopt words, ImageSource source, Console console)
            throws CommandException, IOException {
        switch (key) {
            case "f" -> format = words.argument();
            case "socket" -> socket = words.argument();
            case "host" -> host = words.argument();
            case "port" -> port = SizeArgument.count("port", words.argument(), 0, ListenAddress.HIGHEST_PORT);
            case "name" -> names.add(words.argument());
            case "description" -> descriptions.add(words.argument());
            case "r" -> wishes = wishes.withReadOnly();
            case "s" -> wishes = wishes.withThrowaway();
            case "l" -> wishes = wishes.withSnapshot(SnapshotChoice.parse(console, words.argument()));
            case "bitmap" -> bitmaps.add(words.argument());
            case "allocation-depth" -> allocationDepth = true;
            case "offset" -> wishes = wishes.withOffset(SizeArgument.parse("offset", words.argument()));
            case "cache" -> source.cache(CacheModes.parse("cache option", words.argument()));
            case "discard" -> wishes = wishes.withDiscards(DeviceWords.discards(words.argument()));
            case "detect-zeroes" -> wishes = wishes.withDetectZeroes(DeviceWords.detectZeroes(words.argument()));
            case "persistent" -> persistent = true;
            case "shared" ->
                limits = new NbdServerLimits(
                        (int) SizeArgument.count("number of clients", words.argument(), 1, MOST_CLIENTS),
                        limits.requests(),
                        limits.handshake());
            case "pid-file" -> pidFile = Path.of(words.argument());
            case "tls-dir" -> tlsFolder = Path.of(words.argument());
            case "tls-client-dir" -> tlsClientFolder = Path.of(words.argument());
            case "tls-any-client" -> tlsAnyClient = true;
            case "tls-optional" -> tlsOptional = true;
            case "vhost-user" -> vhostUser = true;
            case "num-queues" ->
                queues = (int) SizeArgument.count("number of queues", words.argument(), 1, MOST_QUEUES);
            case "serial" -> serial = words.argument();
            case "print" -> print = words.argument();
            case "memory" -> memory = SizeArgument.parse("memory", words.argument(), 1 << 20, Long.MAX_VALUE);
            case "output" -> output = OutputForm.parse(words.argument());
            default -> {
                imageOpts |= key.equals(SharedOptions.IMAGE_OPTS.key());
                source.take(key, words);
            }
        }
    }

    private void check(List<String> images) throws CommandException {
        if (socket != null && (host != null || port != null)) {
            throw new CommandException("--socket cannot be used together with --host or --port");
        }
        if (names.size() > images.size() || descriptions.size() > images.size()) {
            throw new CommandException("There are more names or descriptions than images");
        }
        if (wishes.throwaway() && wishes.snapshot() != null) {
            throw new CommandException("--snapshot and --load-snapshot are mutually exclusive");
        }
        if (wishes.offset() > 0 && !bitmaps.isEmpty()) {
            throw new CommandException("--offset and --bitmap are mutually exclusive");
        }
        DeviceWords.check(wishes);
        if (tlsFolder == null && (tlsAnyClient || tlsOptional || tlsClientFolder != null)) {
            throw new CommandException("--tls-client-dir, --tls-any-client and --tls-optional need --tls-dir");
        }
        if (!vhostUser) {
            if (serial != null || queues != 1) {
                throw new CommandException("--serial and --num-queues need --vhost-user");
            }
            return;
        }
        if (socket == null || images.size() != 1) {
            throw new CommandException("--vhost-user needs --socket and exactly one image");
        }
        if (!bitmaps.isEmpty() || allocationDepth || !names.isEmpty() || !descriptions.isEmpty() || tlsFolder != null) {
            throw new CommandException("--vhost-user knows no names, descriptions, bitmaps, depths or TLS");
        }
    }

    /** The names that were given, and for the other images the names of their files. */
    private List<String> exportNames(List<String> images) {
        List<String> all = new ArrayList<>(names);
        for (int i = names.size(); i < images.size(); i++) {
            Path file = imageOpts || images.get(i).indexOf(':') >= 0
                    ? null
                    : Path.of(images.get(i)).getFileName();
            all.add(images.size() == 1 ? "" : file == null ? "disk" + i : file.toString());
        }
        return all;
    }

    private Service offer(List<ServedImage> images, List<String> exportNames) throws CommandException, IOException {
        if (vhostUser) {
            return VhostUserService.start(
                    images.get(0).device(), String.valueOf(socket), queues, wishes.readOnly(), serial);
        }
        List<NbdExport> exports = new ArrayList<>();
        for (int i = 0; i < images.size(); i++) {
            ServedImage image = images.get(i);
            NbdExport export =
                    ListenAddress.export(exportNames.get(i), image.device()).withAllocationDepth(allocationDepth);
            if (i < descriptions.size()) {
                export = export.withDescription(ListenAddress.text("description", descriptions.get(i)));
            }
            for (String bitmap : bitmaps) {
                export = export.withBitmap(image.image(), bitmap);
            }
            exports.add(export);
        }
        return NbdService.start(address(), exports, limits, tls());
    }

    private @Nullable ServerTls tls() throws IOException {
        return tlsFolder == null
                ? null
                : new ServerTls(X509Folder.load(tlsFolder, TlsIdentity.Endpoint.SERVER, !tlsAnyClient), !tlsOptional);
    }

    private NbdAddress address() throws CommandException {
        return socket == null
                ? ListenAddress.inet(
                        host == null ? ListenAddress.LOOPBACK : host,
                        port == null ? NbdAddress.DEFAULT_PORT : port.intValue())
                : ListenAddress.unix(socket);
    }

    private void announce(Console console, List<String> addresses) {
        if (output == OutputForm.JSON) {
            console.line(JsonWriter.oneLine(Doc.create().put("addresses", new ArrayList<Object>(addresses))));
        } else {
            addresses.forEach(console::line);
        }
        console.flush();
    }

    private void print(Console console, List<String> exportNames) throws CommandException, IOException {
        NbdAddress address = address().reachable();
        Attachment attachment = new Attachment(
                address,
                vhostUser,
                exportNames,
                wishes.readOnly() || wishes.snapshot() != null,
                tlsFolder == null ? null : MonitorTls.of(tlsFolder, tlsClientFolder, tlsAnyClient, address),
                queues,
                memory);
        console.out().print(attachment.text(String.valueOf(print)));
    }
}
