package io.jimg.fuzz;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.Options;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ProtocolDriver;
import io.jimg.spi.Schema;
import io.jimg.storage.MemoryStorage;
import io.jimg.storage.Storage;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * A protocol such as {@code file} with files in memory, so that nothing an image or a fuzzer names leads to the host.
 * Notes what is opened, and knows whether all of it was closed. Used by one run of a target.
 */
final class MemoryFiles implements ProtocolDriver {
    private static final Option<String> FILENAME = Option.of("filename", OptionType.STRING, "", "Name of a file");
    private static final Schema SCHEMA = Schema.of(FILENAME);

    /** Bytes that one run may write before the disk is full. */
    private static final long ROOM = 48L << 20;

    private final String protocol;
    private final Map<String, MemoryStorage> files = new LinkedHashMap<>();
    private final Set<String> opened = new LinkedHashSet<>();
    private final Traffic traffic = new Traffic(ROOM);

    /** No files yet, by the name of a protocol that leads to the host in real life. */
    MemoryFiles(String protocol) {
        this.protocol = protocol;
    }

    /** Puts a file there. */
    void put(String name, byte[] content) {
        files.put(name, new MemoryStorage(name, content));
    }

    /** A file's bytes as they are now. */
    MemoryStorage file(String name) {
        return Objects.requireNonNull(files.get(name), name);
    }

    /** The names of what was asked for, found or not. */
    Set<String> opened() {
        return opened;
    }

    /** What was read, written and left open. */
    Traffic traffic() {
        return traffic;
    }

    @Override
    public String name() {
        return protocol;
    }

    @Override
    public Schema schema() {
        return SCHEMA;
    }

    @Override
    public DottedOptions parseName(String name) {
        return DottedOptions.EMPTY.with(
                "filename", name.startsWith(protocol + ":") ? name.substring(protocol.length() + 1) : name);
    }

    @Override
    public String nameOf(Options options) {
        return options.require(FILENAME);
    }

    @Override
    public Storage open(Options options, Mode mode) throws ImageException {
        String name = nameOf(options);
        opened.add(name);
        MemoryStorage file = files.get(name);
        if (file == null) {
            throw new ImageException(
                    ErrorKind.NOT_FOUND, "No such file or directory", name, ImageException.NO_OFFSET, null);
        }
        file.reopen();
        return new WatchedStorage(file, !mode.writable(), traffic);
    }

    @Override
    public Storage create(Options options, Mode mode) {
        String name = nameOf(options);
        opened.add(name);
        put(name, new byte[0]);
        return new WatchedStorage(file(name), false, traffic);
    }

    @Override
    public boolean exists(Options options) {
        return files.containsKey(nameOf(options));
    }

    @Override
    public void delete(Options options) {
        files.remove(nameOf(options));
    }
}
