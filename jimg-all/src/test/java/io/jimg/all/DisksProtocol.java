package io.jimg.all;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.Options;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ProtocolDriver;
import io.jimg.spi.Schema;
import io.jimg.storage.ForwardingStorage;
import io.jimg.storage.Storage;
import io.jimg.testkit.ReorderingStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/** Disks whose power can fail together, by name: {@code disks:NAME}. */
final class DisksProtocol implements ProtocolDriver {
    private static final Option<String> FILENAME = Option.of("filename", OptionType.STRING, "");
    private static final Schema SCHEMA = Schema.of(FILENAME);

    final Map<String, ReorderingStorage> disks = new HashMap<>();

    /** Told before every change of any disk. */
    void observe(ReorderingStorage.Observer observer) {
        disks.values().forEach(disk -> disk.observe(observer));
    }

    /** What a power loss now may leave of all disks. */
    DisksProtocol crash(Random random) {
        DisksProtocol left = new DisksProtocol();
        disks.forEach((name, disk) -> left.disks.put(name, disk.crash(random.nextLong())));
        return left;
    }

    /** Makes everything durable. */
    void flush() throws IOException {
        for (ReorderingStorage disk : disks.values()) {
            disk.flush();
        }
    }

    /** The disk of a name without its protocol. */
    ReorderingStorage disk(String name) {
        return disks.get(name.substring(name.indexOf(':') + 1));
    }

    @Override
    public String name() {
        return "disks";
    }

    @Override
    public Schema schema() {
        return SCHEMA;
    }

    @Override
    public DottedOptions parseName(String name) {
        return DottedOptions.EMPTY.with("filename", name);
    }

    @Override
    public String nameOf(Options options) {
        return options.require(FILENAME);
    }

    @Override
    public Storage open(Options options, Mode mode) throws ImageException {
        String name = options.require(FILENAME);
        ReorderingStorage disk = disk(name);
        if (disk == null) {
            throw new ImageException(ErrorKind.NOT_FOUND, "No such disk: " + name);
        }
        return new Kept(disk, name, !mode.writable());
    }

    @Override
    public Storage create(Options options, Mode mode) throws ImageException {
        disks.put(
                options.require(FILENAME).substring("disks:".length()),
                new ReorderingStorage(options.require(FILENAME)));
        return open(options, mode);
    }

    @Override
    public boolean exists(Options options) {
        return disk(options.require(FILENAME)) != null;
    }

    @Override
    public void delete(Options options) {
        disks.remove(options.require(FILENAME).substring("disks:".length()));
    }

    /** Outlives the images that own it, and knows how it was opened. */
    private static final class Kept extends ForwardingStorage {
        private final ReorderingStorage disk;
        private final String name;
        private final boolean readOnly;

        Kept(ReorderingStorage disk, String name, boolean readOnly) {
            super(disk);
            this.disk = disk;
            this.name = name;
            this.readOnly = readOnly;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public Object identity() {
            return disk;
        }

        @Override
        public boolean readOnly() {
            return readOnly;
        }

        @Override
        public void write(ByteBuffer source, long hostOffset) throws IOException {
            if (readOnly) {
                throw new AssertionError("a write to " + name + ", which was opened for reading");
            }
            super.write(source, hostOffset);
        }

        @Override
        public void close() {}
    }
}
