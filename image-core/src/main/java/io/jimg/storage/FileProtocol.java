package io.jimg.storage;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.Options;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ProtocolDriver;
import io.jimg.spi.Schema;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** The protocol {@code file}: files of the host, and its devices where they are named without a protocol. */
public class FileProtocol implements ProtocolDriver {
    /** The protocol's name. */
    public static final String NAME = "file";

    /** The file. */
    public static final Option<String> FILENAME =
            Option.of("filename", OptionType.STRING, "", "File name of the image");

    /**
     * How others are kept out: {@code off} takes no locks, {@code on} and {@code auto} take them where the file system
     * has them.
     */
    public static final Option<String> LOCKING = Option.of(
            "locking", new Words("on", "off", "auto"), "auto", "file locking mode (on/off/auto, default: auto)");

    /** How QEMU does its input and output; checked, without effect. */
    public static final Option<String> AIO = Option.of(
            "aio",
            new Words("threads", "native", "io_uring"),
            "threads",
            "host AIO implementation (threads, native, io_uring)");

    private static final Schema SCHEMA = Schema.of(
            FILENAME,
            LOCKING,
            AIO,
            Option.of(
                    "aio-max-batch",
                    OptionType.NUMBER,
                    "AIO max batch size (0 = auto handled by AIO backend, default: 0)"),
            Option.of("drop-cache", OptionType.BOOL, "invalidate page cache during live migration (default: on)"),
            Option.of(
                    "x-check-cache-dropped",
                    OptionType.BOOL,
                    "check that page cache was dropped on live migration (default: off)"));

    private final String name;
    private final HostPath.Kind kind;

    /** The driver. */
    public FileProtocol() {
        this(NAME, HostPath.Kind.ANY);
    }

    FileProtocol(String name, HostPath.Kind kind) {
        this.name = name;
        this.kind = kind;
    }

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final Schema schema() {
        return SCHEMA;
    }

    @Override
    public final Schema createSchema() {
        return FileCreation.SCHEMA;
    }

    @Override
    public final DottedOptions parseName(String fileName) {
        String prefix = name + ":";
        return DottedOptions.EMPTY.with(
                FILENAME.name(),
                fileName.startsWith(prefix) ? unmistakable(fileName.substring(prefix.length())) : fileName);
    }

    /** A path that is not taken for a name with a protocol when it is read again. */
    private static String unmistakable(String path) {
        int colon = path.indexOf(':');
        int slash = path.indexOf('/');
        return colon >= 0 && (slash < 0 || colon < slash) ? "./" + path : path;
    }

    @Override
    public final String nameOf(Options options) {
        return options.require(FILENAME);
    }

    @Override
    public final Storage open(Options options, Mode mode) throws IOException {
        check(options, mode);
        FileStorage storage =
                FileStorage.open(nameOf(options), mode.writable(), mode.cache(), locking(options, mode), kind);
        if (mode.inspectOnly()) {
            storage.expectAllocatedSize();
        }
        return storage;
    }

    @Override
    public final Storage create(Options options, Mode mode) throws IOException {
        check(options, mode);
        if (nameOf(options).isEmpty()) {
            throw new ImageException(ErrorKind.NOT_FOUND, "Could not create '': No such file or directory");
        }
        return FileStorage.create(nameOf(options), mode.cache(), locking(options, mode), kind);
    }

    @Override
    public final boolean exists(Options options) {
        try {
            return Files.exists(Path.of(nameOf(options)));
        } catch (InvalidPathException noName) {
            return false;
        }
    }

    @Override
    public final void delete(Options options) throws IOException {
        Path path = Path.of(nameOf(options));
        if (Files.isRegularFile(path)) {
            try {
                // What was made, not a link that leads there.
                Files.deleteIfExists(path.toRealPath());
            } catch (IOException failure) {
                throw HostErrors.of(failure, "Could not delete '" + path + "': ", path.toString());
            }
        }
    }

    private static void check(Options options, Mode mode) throws ImageException {
        if (options.require(AIO).equals("native") && !mode.cache().direct()) {
            throw new ImageException(
                    ErrorKind.BAD_OPTION,
                    "aio=native was specified, but it requires cache.direct=on, which was not specified.");
        }
    }

    private static boolean locking(Options options, Mode mode) {
        return mode.locking() && !options.require(LOCKING).equals("off");
    }

    /** One of some words; QEMU does not say of which option another one is. */
    private record Words(String... words) implements OptionType<String> {
        @Override
        public String placeholder() {
            return "<str>";
        }

        @Override
        public String parse(String name, String text) throws ImageException {
            for (String word : words) {
                if (word.equals(text)) {
                    return word;
                }
            }
            throw new ImageException(ErrorKind.BAD_OPTION, "invalid parameter value: " + text);
        }

        @Override
        public String print(String value) {
            return value;
        }
    }
}
