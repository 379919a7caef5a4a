package io.jimg.testkit;

import io.jimg.storage.ForwardingStorage;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * Finds storages and files that nobody closed. A test wraps what it hands out with {@link #track}, and ends with
 * {@link #assertAllClosed}. Safe for many threads.
 */
public final class LeakDetector {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    /** What is open, and where it was opened. */
    private final Map<Storage, Throwable> open = new ConcurrentHashMap<>();

    /** Tracks nothing yet. */
    public LeakDetector() {}

    /** A storage that forwards to {@code inner} and is open until it is closed. */
    public Storage track(Storage inner) {
        Storage tracked = new ForwardingStorage(inner) {
            @Override
            public void close() throws IOException {
                open.remove(this);
                super.close();
            }
        };
        open.put(tracked, new Throwable("'" + inner.name() + "' was opened here"));
        return tracked;
    }

    /** Fails, with the places where they were opened, if tracked storages are open. */
    public void assertAllClosed() {
        if (!open.isEmpty()) {
            AssertionError failure = new AssertionError("not closed: " + open.keySet());
            open.values().forEach(failure::addSuppressed);
            throw failure;
        }
    }

    /**
     * Fails if this process has a descriptor of a file in that folder or beneath; passes where descriptors cannot be
     * listed.
     */
    public static void assertNoOpenFiles(Path folder) throws IOException {
        List<Path> found = openFiles(folder);
        if (!found.isEmpty()) {
            throw new AssertionError("open files: " + found);
        }
    }

    /**
     * Files in a folder or beneath of which this process has a descriptor, one entry a descriptor; empty where
     * descriptors cannot be listed.
     */
    public static List<Path> openFiles(Path folder) throws IOException {
        if (!Files.isDirectory(DESCRIPTORS)) {
            return List.of();
        }
        Path real = folder.toRealPath();
        try (Stream<Path> descriptors = Files.list(DESCRIPTORS)) {
            return descriptors
                    .flatMap(LeakDetector::target)
                    .filter(file -> file.startsWith(real))
                    .toList();
        }
    }

    private static Stream<Path> target(Path descriptor) {
        try {
            return Stream.of(Files.readSymbolicLink(descriptor));
        } catch (IOException closedMeanwhile) {
            return Stream.empty();
        }
    }
}
