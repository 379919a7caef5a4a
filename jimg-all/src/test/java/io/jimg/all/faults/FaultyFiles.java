package io.jimg.all.faults;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ProtocolDriver;
import io.jimg.spi.Schema;
import io.jimg.storage.FileProtocol;
import io.jimg.storage.ForwardingStorage;
import io.jimg.storage.MemoryStorage;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import io.jimg.testkit.FaultPlan;
import io.jimg.testkit.FaultyStorage;
import io.jimg.testkit.FaultyStorage.Call;
import io.jimg.testkit.KeptStorage;
import io.jimg.testkit.LeakDetector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Files in memory in place of the host's, or files of the host in one folder: all of them fail by one
 * {@link FaultPlan}, and whoever changes a file that was opened for reading, or uses one that was closed, is found out.
 */
final class FaultyFiles implements ProtocolDriver {
    private static final FileProtocol REAL = new FileProtocol();

    private final Map<String, MemoryStorage> files = new ConcurrentHashMap<>();
    private final @Nullable Path folder;
    private final Queue<String> offences = new ConcurrentLinkedQueue<>();
    private final FaultPlan plan = new FaultPlan();
    private final LeakDetector leaks = new LeakDetector();

    private FaultyFiles(@Nullable Path folder) {
        this.folder = folder;
    }

    /** Files in memory. */
    static FaultyFiles inMemory() {
        return new FaultyFiles(null);
    }

    /** The host's files in a folder that holds nothing else. */
    static FaultyFiles in(Path folder) {
        return new FaultyFiles(folder);
    }

    FaultPlan plan() {
        return plan;
    }

    LeakDetector leaks() {
        return leaks;
    }

    /** What was done to files that must not be done. */
    Queue<String> offences() {
        return offences;
    }

    /** The bytes of all files, by name. */
    Map<String, byte[]> contents() throws IOException {
        Map<String, byte[]> contents = new TreeMap<>();
        if (folder != null) {
            for (Path file : listed(folder)) {
                contents.put(file.getFileName().toString(), Files.readAllBytes(file));
            }
            return contents;
        }
        for (Map.Entry<String, MemoryStorage> file : files.entrySet()) {
            ByteBuffer bytes =
                    ByteBuffer.allocate(Math.toIntExact(file.getValue().size()));
            file.getValue().read(bytes, 0);
            contents.put(file.getKey(), bytes.array());
        }
        return contents;
    }

    /** Puts back what {@link #contents} told. */
    void restore(Map<String, byte[]> contents) throws IOException {
        if (folder != null) {
            for (Path file : listed(folder)) {
                Files.delete(file);
            }
            for (Map.Entry<String, byte[]> file : contents.entrySet()) {
                Files.write(folder.resolve(file.getKey()), file.getValue());
            }
            return;
        }
        files.clear();
        contents.forEach((name, bytes) -> files.put(name, new MemoryStorage(name, bytes)));
    }

    private static List<Path> listed(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    /** The options with the file's path on the host. */
    private static Options on(Path folder, Options options) {
        String name = options.require(FileProtocol.FILENAME);
        return options.with(FileProtocol.FILENAME, folder.resolve(name).toString());
    }

    @Override
    public String name() {
        return FileProtocol.NAME;
    }

    @Override
    public Schema schema() {
        return REAL.schema();
    }

    @Override
    public Schema createSchema() {
        return REAL.createSchema();
    }

    @Override
    public DottedOptions parseName(String name) {
        return REAL.parseName(name);
    }

    @Override
    public String nameOf(Options options) {
        return REAL.nameOf(options);
    }

    @Override
    public Storage open(Options options, Mode mode) throws IOException {
        String name = nameOf(options);
        plan.failWhole(Call.OPEN, name);
        if (folder != null) {
            return handle(name, REAL.open(on(folder, options), mode), mode.writable());
        }
        MemoryStorage file = files.get(name);
        if (file == null) {
            throw new ImageException(ErrorKind.NOT_FOUND, "Could not open '" + name + "': No such file or directory");
        }
        return handle(name, new KeptStorage(file), mode.writable());
    }

    @Override
    public Storage create(Options options, Mode mode) throws IOException {
        String name = nameOf(options);
        plan.failWhole(Call.CREATE, name);
        if (folder != null) {
            return handle(name, REAL.create(on(folder, options), mode), true);
        }
        MemoryStorage file = new MemoryStorage(name);
        files.put(name, file);
        return handle(name, new KeptStorage(file), true);
    }

    private Storage handle(String name, Storage file, boolean writable) {
        Watched watched = new Watched(name, file, writable);
        FaultyStorage faulty = new FaultyStorage(watched, plan);
        return leaks.track(writable ? faulty : new ForReading(faulty, watched));
    }

    /** A host has nothing to say when a file is closed that was only read. */
    private static final class ForReading extends ForwardingStorage {
        private final Watched watched;

        ForReading(FaultyStorage faulty, Watched watched) {
            super(faulty);
            this.watched = watched;
        }

        @Override
        public void close() throws IOException {
            watched.close();
        }
    }

    @Override
    public boolean exists(Options options) {
        return folder != null ? REAL.exists(on(folder, options)) : files.containsKey(nameOf(options));
    }

    @Override
    public void delete(Options options) throws IOException {
        if (folder != null) {
            REAL.delete(on(folder, options));
        } else {
            files.remove(nameOf(options));
        }
    }

    /** One opening of a file. */
    private final class Watched extends ForwardingStorage {
        private final String name;
        private final boolean writable;
        private volatile boolean closed;

        Watched(String name, Storage file, boolean writable) {
            super(file);
            this.name = name;
            this.writable = writable;
        }

        /** As images know it, whose references are relative to it. */
        @Override
        public String name() {
            return name;
        }

        private void used(String call) {
            if (closed) {
                offences.add(call + " of " + name() + " after it was closed");
            }
        }

        private void changed(String call) {
            used(call);
            if (!writable) {
                offences.add(call + " of " + name() + ", which was opened for reading");
            }
        }

        @Override
        public boolean readOnly() {
            return !writable;
        }

        @Override
        public void read(ByteBuffer destination, long hostOffset) throws IOException {
            used("read");
            super.read(destination, hostOffset);
        }

        @Override
        public void write(ByteBuffer source, long hostOffset) throws IOException {
            changed("write");
            super.write(source, hostOffset);
        }

        @Override
        public Outcome zero(long hostOffset, long length, boolean keepAllocated) throws IOException {
            changed("zero");
            return super.zero(hostOffset, length, keepAllocated);
        }

        @Override
        public Outcome zeroIfFast(long hostOffset, long length) throws IOException {
            changed("zero");
            return super.zeroIfFast(hostOffset, length);
        }

        @Override
        public Outcome punch(long hostOffset, long length) throws IOException {
            changed("punch");
            return super.punch(hostOffset, length);
        }

        @Override
        public void discard(long hostOffset, long length) throws IOException {
            changed("discard");
            super.discard(hostOffset, length);
        }

        @Override
        public Outcome allocate(long hostOffset, long length) throws IOException {
            changed("allocate");
            return super.allocate(hostOffset, length);
        }

        @Override
        public void truncate(long newSize) throws IOException {
            changed("truncate");
            super.truncate(newSize);
        }

        @Override
        public void close() throws IOException {
            closed = true;
            super.close();
        }
    }
}
