package io.jimg.cli.serve;

import io.jimg.ImageException;
import io.jimg.TlsIdentity;
import io.jimg.cli.arguments.CacheModes;
import io.jimg.cli.arguments.ImageSource;
import io.jimg.cli.arguments.SnapshotChoice;
import io.jimg.cli.getopt.Complaints;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.cli.process.Failures;
import io.jimg.cli.process.Version;
import io.jimg.nbd.ClientTls;
import io.jimg.nbd.ExportList;
import io.jimg.nbd.NbdAddress;
import io.jimg.vmm.nbd.NbdExport;
import io.jimg.vmm.nbd.NbdServerLimits;
import io.jimg.vmm.nbd.ServerTls;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The program: an NBD server for one image, or a list of what another server has. */
public final class QemuNbd {
    private static final String PROGRAM = "qemu-nbd";

    /** System property that says that a script waits for the line that tells it that the server listens. */
    private static final String FORK_PROPERTY = "jimg.fork";

    private static final String READY = "ready";
    private static final String ANY_HOST = "0.0.0.0";
    private static final int MOST_CLIENTS = 4096;

    private final Console console;
    private final ImageSource source;
    private final List<String> bitmaps = new ArrayList<>();
    private ImageWishes wishes = ImageWishes.PLAIN.withDiscards(false);
    private @Nullable String socket;
    private @Nullable String host;
    private @Nullable String port;
    private @Nullable String name;
    private @Nullable String description;
    private @Nullable String format;
    private @Nullable String credentials;
    private @Nullable String hostname;
    private @Nullable Path pidFile;
    private boolean authorisation;
    private boolean label;
    private boolean imageOpts;
    private boolean cacheGiven;
    private boolean direct;
    private boolean kernelAio;
    private boolean list;
    private boolean fork;
    private boolean persistent;
    private boolean allocationDepth;
    private int shared = 1;
    private Duration handshake = NbdServerLimits.DEFAULT.handshake();

    private QemuNbd(Console console) {
        this.console = console;
        this.source = new ImageSource(console);
    }

    /** Runs the program and exits with its code. */
    public static void main(String[] words) {
        Console console = Console.ofProcess(PROGRAM);
        int exitCode = run(console, Getopt.order(System.getenv("POSIXLY_CORRECT")), List.of(words));
        console.flush();
        // Not System.exit: it would wait for the hook that waits for this.
        Runtime.getRuntime().halt(exitCode);
    }

    /**
     * Runs the program.
     *
     * @param order where options may stand
     * @param words the command line without the program's name
     * @return the exit code
     */
    public static int run(Console console, Getopt.Order order, List<String> words) {
        try {
            return new QemuNbd(console).run(new Getopt(NbdWords.TABLE, PROGRAM, words, order, Complaints.BY_OPTION));
        } catch (UsageException wrongWords) {
            console.error(wrongWords.sentence());
            console.error("Try `" + console.program() + " --help' for more information.");
        } catch (CommandException stopped) {
            console.error(stopped.sentence());
        } catch (IOException failed) {
            Failures.tell(console, failed);
        }
        return 1;
    }

    private int run(Getopt words) throws UsageException, CommandException, IOException {
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "h" -> {
                    help();
                    return 0;
                }
                case "V" -> {
                    console.line(Version.line(console.program()));
                    return 0;
                }
                default -> take(key, words);
            }
        }
        List<String> operands = words.operands();
        if (list) {
            listExports(operands);
            return 0;
        }
        if (operands.size() != 1) {
            console.error("Invalid number of arguments");
            console.plainError("Try `" + console.program() + " --help' for more information.");
            return 1;
        }
        checkTogether();
        serve(operands.get(0));
        return 0;
    }

    private void take(String key, Getopt words) throws CommandException, IOException {
        switch (key) {
            case "p" -> port = words.argument();
            case "b" -> host = words.argument();
            case "k" -> socket = absolute(words.argument());
            case "e" -> shared = (int) number("shared device number", words.argument(), MOST_CLIENTS);
            case "t" -> persistent = true;
            case "x" -> name = ListenAddress.text("export name", words.argument());
            case "D" -> description = ListenAddress.text("export description", words.argument());
            case "handshake-limit" -> handshake = limit(number("handshake limit", words.argument(), Integer.MAX_VALUE));
            case "A" -> allocationDepth = true;
            case "B" -> bitmaps.add(words.argument());
            case "L" -> list = true;
            case "object", "image-opts" -> {
                imageOpts |= key.equals("image-opts");
                source.take(key, words);
            }
            case "tls-creds" -> credentials = words.argument();
            case "tls-authz" -> authorisation = !words.argument().isEmpty();
            case "tls-hostname" -> hostname = words.argument();
            case "fork" -> fork = true;
            case "pid-file" -> pidFile = Path.of(words.argument());
            case "selinux-label" -> label = !words.argument().isEmpty();
            case "c", "d" -> throw new CommandException("Kernel /dev/nbdN support not available");
            case "v", "T" -> {
                // Read, so that command lines written for QEMU run.
            }
            default -> takeImageWord(key, words);
        }
    }

    private void takeImageWord(String key, Getopt words) throws CommandException {
        switch (key) {
            case "f" -> format = words.argument();
            case "o" -> wishes = wishes.withOffset(offset(words.argument()));
            case "r" -> wishes = wishes.withReadOnly();
            case "s" -> wishes = wishes.withThrowaway();
            case "l" -> wishes = wishes.withSnapshot(snapshot(words.argument()));
            case "n" -> cache("none");
            case "cache" -> cache(words.argument());
            case "aio" -> aio(words.argument());
            case "discard" -> wishes = wishes.withDiscards(DeviceWords.discards(words.argument()));
            case "detect-zeroes" -> wishes = wishes.withDetectZeroes(DeviceWords.detectZeroes(words.argument()));
            default -> throw new IllegalStateException(key);
        }
    }

    private static String absolute(String path) throws CommandException {
        if (!path.startsWith("/")) {
            throw new CommandException("socket path must be absolute");
        }
        return path;
    }

    private static long number(String what, String word, int most) throws CommandException {
        try {
            int number = Integer.decode(word);
            if (number >= 0 && number <= most) {
                return number;
            }
        } catch (NumberFormatException none) {
            // The same sentence as for a number that is out of range.
        }
        throw new CommandException("Invalid " + what + " '" + word + "'");
    }

    /** No limit where it is 0, as far as there can be none. */
    private static Duration limit(long seconds) {
        return Duration.ofSeconds(seconds == 0 ? Integer.MAX_VALUE : seconds);
    }

    private static long offset(String word) throws CommandException {
        try {
            long offset = Long.decode(word);
            if (offset >= 0) {
                return offset;
            }
        } catch (NumberFormatException none) {
            throw new CommandException("Invalid offset '" + word + "'");
        }
        throw new CommandException("Value '" + word + "' is out of range for parameter 'offset'");
    }

    private SnapshotChoice snapshot(String word) throws CommandException {
        try {
            return SnapshotChoice.parse(console, word);
        } catch (CommandException refused) {
            throw new CommandException("Failed in parsing snapshot param `" + word + "'");
        }
    }

    private void cache(String word) throws CommandException {
        if (cacheGiven) {
            throw new CommandException("-n and --cache can only be specified once");
        }
        cacheGiven = true;
        var mode = CacheModes.find(word);
        if (mode == null) {
            throw new CommandException("Invalid cache mode `" + word + "'");
        }
        direct = mode.direct();
        source.cache(mode);
    }

    private void aio(String word) throws CommandException {
        switch (word) {
            case "native" -> kernelAio = true;
            case "threads", "io_uring" -> kernelAio = false;
            default -> throw new CommandException("Invalid aio mode '" + word + "'");
        }
    }

    private void checkTogether() throws CommandException {
        DeviceWords.check(wishes);
        if (authorisation) {
            throw new CommandException(
                    credentials == null
                            ? "--tls-authz is not permitted without --tls-creds"
                            : "--tls-authz is not there; credentials with verify-peer=on demand certificates");
        }
        if (hostname != null) {
            throw new CommandException(
                    credentials == null
                            ? "--tls-hostname is not permitted without --tls-creds"
                            : "TLS hostname is only used with export lists");
        }
        if (label && socket == null) {
            throw new CommandException("--selinux-label is not permitted without --socket");
        }
        if (imageOpts && format != null) {
            throw new CommandException("--image-opts and -f are mutually exclusive");
        }
        if (fork && !Boolean.getBoolean(FORK_PROPERTY)) {
            throw new CommandException("--fork needs the script " + PROGRAM + " to start the program");
        }
    }

    private NbdAddress address(String defaultHost) throws CommandException {
        if (socket != null) {
            return ListenAddress.unix(socket);
        }
        String place = host == null ? defaultHost : host;
        int number;
        try {
            number = port == null ? NbdAddress.DEFAULT_PORT : Integer.parseInt(port);
        } catch (NumberFormatException none) {
            throw new CommandException(
                    "address resolution failed for " + place + ":" + port + ": Servname not supported for ai_socktype");
        }
        if (number < 0 || number > ListenAddress.HIGHEST_PORT) {
            throw new CommandException("Invalid port " + number);
        }
        return ListenAddress.inet(place, number);
    }

    private void listExports(List<String> operands) throws CommandException, IOException {
        if (!operands.isEmpty()) {
            throw new CommandException("List mode is incompatible with a file name");
        }
        boolean perDevice = name != null
                || description != null
                || format != null
                || imageOpts
                || allocationDepth
                || !bitmaps.isEmpty()
                || wishes.offset() > 0
                || wishes.readOnly()
                || wishes.throwaway()
                || wishes.snapshot() != null;
        if (perDevice) {
            throw new CommandException("List mode is incompatible with per-device settings");
        }
        if (fork) {
            throw new CommandException("List mode is incompatible with forking");
        }
        NbdAddress address = address("localhost");
        TlsIdentity identity = identity();
        String server = address instanceof NbdAddress.Inet inet ? inet.host() : null;
        ClientTls tls = identity == null ? null : new ClientTls(identity, hostname == null ? server : hostname);
        ExportListText.print(console, ExportList.of(address, tls));
    }

    private @Nullable TlsIdentity identity() throws CommandException, IOException {
        if (credentials == null) {
            return null;
        }
        TlsIdentity identity = source.secrets().find(credentials);
        if (identity == null) {
            throw new CommandException("Failed to get TLS creds: No TLS credentials with id '" + credentials + "'");
        }
        boolean server = identity.endpoint() == TlsIdentity.Endpoint.SERVER;
        if (server == list) {
            throw new CommandException(
                    "Expecting TLS credentials with a " + (list ? "client" : "server") + " endpoint");
        }
        return identity;
    }

    private void serve(String image) throws CommandException, IOException {
        TlsIdentity identity = identity();
        NbdAddress address = address(ANY_HOST);
        ImageSource.Located located = source.locate(image, format);
        new Serving(persistent, pidFile)
                .run(
                        List.of(() -> open(located)),
                        images -> offer(images.get(0), address, identity),
                        addresses -> announce());
    }

    private ServedImage open(ImageSource.Located located) throws CommandException, IOException {
        String prefix = "Failed to blk_new_open '" + located.words() + "': ";
        if (kernelAio && !direct) {
            throw new CommandException(
                    prefix + "aio=native was specified, but it requires cache.direct=on, which was not specified.");
        }
        return ServedImage.open(located, wishes, prefix);
    }

    private Service offer(ServedImage image, NbdAddress address, @Nullable TlsIdentity identity)
            throws CommandException, IOException {
        NbdExport export = NbdExport.of(name == null ? "" : name, image.device())
                .withDescription(description == null ? "" : description)
                .withAllocationDepth(allocationDepth);
        for (String bitmap : bitmaps) {
            if (wishes.offset() > 0) {
                throw new CommandException("Bitmap '" + bitmap + "' is not found");
            }
            export = export.withBitmap(image.image(), bitmap);
        }
        NbdServerLimits limits =
                new NbdServerLimits(shared == 0 ? MOST_CLIENTS : shared, NbdServerLimits.DEFAULT.requests(), handshake);
        try {
            return NbdService.start(
                    address, List.of(export), limits, identity == null ? null : new ServerTls(identity, true));
        } catch (ImageException failed) {
            throw new CommandException(notListening(address, failed));
        }
    }

    private static String notListening(NbdAddress address, ImageException failed) {
        Throwable cause = failed.getCause();
        String reason = String.valueOf(cause == null ? failed.getMessage() : cause.getMessage());
        if (address instanceof NbdAddress.Unix unix) {
            return "Failed to bind socket to " + unix.path() + ": " + reason;
        }
        return reason.equals("Address already in use")
                ? "Failed to find an available port: " + reason
                : "Failed to bind socket: " + reason;
    }

    /** Where a script waits, it is told, and the streams that it waits for the end of are let go. */
    private void announce() {
        if (!fork) {
            return;
        }
        console.line(READY);
        console.flush();
        try (FileOutputStream out = new FileOutputStream(FileDescriptor.out);
                FileOutputStream err = new FileOutputStream(FileDescriptor.err)) {
            out.flush();
            err.flush();
        } catch (IOException gone) {
            // Nobody waits any more.
        }
    }

    private void help() {
        console.line("Usage: " + console.program() + " [OPTIONS] FILE");
        console.line("  or:  " + console.program() + " -L [OPTIONS]");
        console.line("Feeds an image to virtual machines as a network block device");
        console.line("");
        for (OptionSpec option : NbdWords.TABLE) {
            console.line(row(option));
        }
    }

    private static String row(OptionSpec option) {
        StringBuilder row = new StringBuilder("  ");
        row.append(option.letter() == 0 ? "    " : "-" + option.letter() + ", ")
                .append("--")
                .append(option.longName());
        if (option.takesArgument()) {
            row.append('=').append(option.argument());
        }
        do {
            row.append(' ');
        } while (row.length() < 28);
        return row.append(option.help()).toString();
    }
}
