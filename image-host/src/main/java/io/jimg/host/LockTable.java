package io.jimg.host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The kernel's list of locks, {@code /proc/locks}: proc(5). It lists this host's locks alone, and leaves out POSIX locks of
 * processes that this one's container doesn't see.
 */
final class LockTable {
    private static final Path LOCKS = Path.of("/proc/locks");

    private final List<Entry> entries;
    private final String self = Long.toString(ProcessHandle.current().pid());

    private LockTable(List<Entry> entries) {
        this.entries = entries;
    }

    /** {@return the list as it is now; nothing where the host shows none} */
    static Optional<LockTable> read() {
        try (var lines = Files.lines(LOCKS, StandardCharsets.ISO_8859_1)) {
            return Optional.of(new LockTable(
                    lines.flatMap(line -> Entry.parse(line).stream()).toList()));
        } catch (IOException hidden) {
            return Optional.empty();
        }
    }

    /**
     * Finds what the list calls a file: the device and inode of the file system underneath, which need not be those that
     * stat(2) tells.
     *
     * @param marker a byte that this process holds a POSIX lock on, and of no other file
     */
    Optional<String> fileLockedByUs(long marker) {
        return entries.stream()
                .filter(entry -> isOurs(entry) && entry.first == marker && entry.last == marker)
                .map(entry -> entry.file)
                .findAny();
    }

    /** {@return whether anybody but this process holds a lock on a byte of a file, so called by the list} */
    boolean isLockedByOthers(String file, long offset) {
        return entries.stream()
                .anyMatch(entry ->
                        !isOurs(entry) && entry.file.equals(file) && entry.first <= offset && offset <= entry.last);
    }

    private boolean isOurs(Entry entry) {
        return entry.holder.equals(self);
    }

    /**
     * A lock that somebody holds.
     *
     * @param holder the process, "-1" for an opening's lock
     */
    private record Entry(String holder, String file, long first, long last) {
        /** {@return the lock that a line tells of; nothing if it tells of one that is waited for, or of another kind} */
        static Optional<Entry> parse(String line) {
            // 1: OFDLCK ADVISORY  READ -1 fe:00:5505123 100 101
            String[] words = line.split("\\s+");
            if (words.length != 8 || !(words[1].equals("POSIX") || words[1].equals("OFDLCK"))) {
                return Optional.empty();
            }
            try {
                long last = words[7].equals("EOF") ? Long.MAX_VALUE : Long.parseLong(words[7]);
                return Optional.of(new Entry(words[4], words[5], Long.parseLong(words[6]), last));
            } catch (NumberFormatException otherFormat) {
                return Optional.empty();
            }
        }
    }
}
