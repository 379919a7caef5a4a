package io.jimg.host.file;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.StringTokenizer;
import org.jspecify.annotations.Nullable;

/**
 * The kernel's list of locks, {@code /proc/locks}: proc(5). It lists this host's locks alone, and leaves out POSIX
 * locks of processes that this one's container doesn't see.
 */
final class LockTable {
    private static final Path LOCKS = Path.of("/proc/locks");
    private static final Path SELF = Path.of("/proc/self");

    private final List<Entry> entries;
    private final String self;

    private LockTable(List<Entry> entries, String self) {
        this.entries = entries;
        this.self = self;
    }

    /**
     * Has the kernel begin what it makes a reader wait for: a moment of rest on each of its processors, some 10 ms. Who
     * reads the list soon afterwards waits for what is left of it. Returns at once.
     */
    static void announceReading() {
        Thread reading = new Thread("jimg-locks") {
            @Override
            public void run() {
                try (InputStream list = new FileInputStream(LOCKS.toString())) {
                    list.read();
                } catch (IOException hidden) {
                    // Whoever wants to know will find that out.
                }
            }
        };
        reading.setDaemon(true);
        reading.start();
    }

    /** {@return the list as it is now; null where the host shows none} */
    static @Nullable LockTable read() {
        try {
            List<Entry> entries = new ArrayList<>();
            for (String line : Files.readAllLines(LOCKS, StandardCharsets.ISO_8859_1)) {
                Entry entry = Entry.parse(line);
                if (entry != null) {
                    entries.add(entry);
                }
            }
            return new LockTable(entries, Files.readSymbolicLink(SELF).toString());
        } catch (IOException hidden) {
            return null;
        }
    }

    /**
     * Finds what the list calls a file: the device and inode of the file system underneath, which need not be those
     * that stat(2) tells.
     *
     * @param marker a byte that this process holds a POSIX lock on, and of no other file
     * @return the name; null if the list does not show the lock
     */
    @Nullable
    String fileLockedByUs(long marker) {
        for (Entry entry : entries) {
            if (isOurs(entry) && entry.first == marker && entry.last == marker) {
                return entry.file;
            }
        }
        return null;
    }

    /** {@return whether anybody but this process holds a lock on a byte of a file, so called by the list} */
    boolean isLockedByOthers(String file, long offset) {
        for (Entry entry : entries) {
            if (!isOurs(entry) && entry.file.equals(file) && entry.first <= offset && offset <= entry.last) {
                return true;
            }
        }
        return false;
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
        /** {@return the lock that a line tells of; null if it tells of one that is waited for, or of another kind} */
        static @Nullable Entry parse(String line) {
            // 1: OFDLCK ADVISORY  READ -1 fe:00:5505123 100 101
            StringTokenizer words = new StringTokenizer(line);
            if (words.countTokens() != 8) {
                return null;
            }
            words.nextToken();
            String kind = words.nextToken();
            if (!kind.equals("POSIX") && !kind.equals("OFDLCK")) {
                return null;
            }
            words.nextToken();
            words.nextToken();
            String holder = words.nextToken();
            String file = words.nextToken();
            try {
                long first = Long.parseLong(words.nextToken());
                String last = words.nextToken();
                return new Entry(holder, file, first, last.equals("EOF") ? Long.MAX_VALUE : Long.parseLong(last));
            } catch (NumberFormatException otherFormat) {
                return null;
            }
        }
    }
}
