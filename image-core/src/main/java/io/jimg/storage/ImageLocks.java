package io.jimg.storage;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.host.file.FileLocks;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * QEMU's way to share an image between processes: a shared lock on a byte for each thing that one does and for each
 * that one denies to others, then a look whether anybody else has locked the byte that says the opposite.
 */
final class ImageLocks {
    private static final long USED = 100;
    private static final long DENIED = 200;

    private final FileLocks locks;
    private final String name;
    private final Set<Long> held = new TreeSet<>();

    ImageLocks(FileLocks locks, String name) {
        this.locks = locks;
        this.name = name;
    }

    /** Makes the locks be those of {@code sharing}; where that does not go with others', they stay as they were. */
    synchronized void apply(Sharing sharing) throws IOException {
        Set<Long> wanted = new TreeSet<>();
        wanted.addAll(bytes(USED, sharing.used()));
        wanted.addAll(bytes(DENIED, sharing.denied()));
        List<Long> taken = new ArrayList<>();
        try {
            for (long offset : wanted) {
                if (!held.contains(offset) && take(offset)) {
                    taken.add(offset);
                }
            }
            Set<Long> asked = bytes(DENIED, sharing.used());
            asked.addAll(bytes(USED, sharing.denied()));
            Set<Long> others = locks.heldByOthers(asked);
            refuse(DENIED, sharing.used(), others, "");
            refuse(USED, sharing.denied(), others, "shared ");
        } catch (IOException | RuntimeException conflict) {
            for (long offset : taken) {
                locks.unlock(offset);
            }
            throw conflict;
        }
        held.addAll(taken);
        for (long offset : List.copyOf(held)) {
            if (!wanted.contains(offset)) {
                locks.unlock(offset);
                held.remove(offset);
            }
        }
    }

    /** Whether the byte is locked; a file that cannot be locked is used unlocked, as QEMU does. */
    private boolean take(long offset) throws IOException {
        return switch (locks.tryLock(offset, FileLocks.Mode.SHARED)) {
            case GRANTED -> true;
            case UNSUPPORTED -> false;
            case CONFLICT -> throw locked("Failed to lock byte " + offset);
        };
    }

    private void refuse(long base, Set<Permission> permissions, Set<Long> others, String how) throws ImageException {
        for (long offset : bytes(base, permissions)) {
            if (others.contains(offset)) {
                String what = Permission.values()[(int) (offset - base)].words();
                throw locked("Failed to get " + how + "\"" + what + "\" lock\nIs another process using the image ["
                        + name + "]?");
            }
        }
    }

    private static Set<Long> bytes(long base, Set<Permission> permissions) {
        Set<Long> bytes = new TreeSet<>();
        for (Permission permission : permissions) {
            bytes.add(base + permission.ordinal());
        }
        return bytes;
    }

    private ImageException locked(String sentence) {
        return new ImageException(ErrorKind.LOCKED, sentence, name, ImageException.NO_OFFSET, null);
    }
}
