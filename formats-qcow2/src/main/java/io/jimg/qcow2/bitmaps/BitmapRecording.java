package io.jimg.qcow2.bitmaps;

import io.jimg.capability.DirtyRuns;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.header.BitmapDirectory;
import io.jimg.qcow2.header.Header;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Records what is written to an open image, for all of its bitmaps that are enabled: once, at the finest of their
 * granularities, from which the others follow.
 *
 * <p>Before the first write the bitmaps are marked as in use, durably; from then on the file's bits say nothing until
 * {@link #store} has brought them up to date and removed the mark. Bitmaps that are disabled are not touched, and hold
 * whatever happens. Safe for many threads, {@link #store} for one.
 */
public final class BitmapRecording {

    /** Makes durable what was written. */
    @FunctionalInterface
    public interface Barrier {
        /** Makes it durable. */
        void pass() throws IOException;
    }

    private final Storage file;
    private final Header header;
    private final Barrier barrier;
    private final BitmapDirectory directory;
    private final RecordedBits bits;
    private volatile boolean marked;

    private BitmapRecording(Storage file, Header header, Barrier barrier, BitmapDirectory directory) {
        this.file = file;
        this.header = header;
        this.barrier = barrier;
        this.directory = directory;
        int finest = directory.entries().stream()
                .filter(BitmapRecording::records)
                .mapToInt(BitmapDirectory.Entry::granularityBits)
                .min()
                .orElseThrow();
        this.bits = new RecordedBits(header.size(), finest);
    }

    /** For an image that is opened for writing; null where it has no bitmap that is enabled and consistent. */
    public static @Nullable BitmapRecording of(Storage file, Header header, Barrier barrier) throws IOException {
        BitmapDirectory directory = DirectoryFile.read(file, header);
        return directory.entries().stream().anyMatch(BitmapRecording::records)
                ? new BitmapRecording(file, header, barrier, directory)
                : null;
    }

    private static boolean records(BitmapDirectory.Entry entry) {
        return entry.auto() && !entry.inUse();
    }

    /** Records a range that is about to change and is not empty. */
    public void record(long guestOffset, long length) throws IOException {
        if (!marked) {
            mark();
        }
        bits.set(guestOffset, length);
    }

    private synchronized void mark() throws IOException {
        if (marked) {
            return;
        }
        DirectoryFile.update(file, header.bitmaps(), markedDirectory());
        barrier.pass();
        marked = true;
    }

    private BitmapDirectory markedDirectory() {
        return new BitmapDirectory(directory.entries().stream()
                .map(entry -> records(entry) ? entry.withInUse(true) : entry)
                .toList());
    }

    /** Whether bits wait for {@link #store}. */
    public boolean pending() {
        return marked;
    }

    /** The directory as it would be if {@link #store} was called: without this recording's marks. */
    public BitmapDirectory directory() {
        return directory;
    }

    /** What a consistent bitmap of {@link #directory} says, recorded bits included. */
    public DirtyRuns read(BitmapDirectory.Entry entry) throws IOException {
        StoredBitmap.requireConsistent(entry, file.name());
        StoredBitmap stored = StoredBitmap.openMarked(file, header, entry);
        return entry.auto() ? new UnionRuns(stored, bits) : stored;
    }

    /**
     * Brings the bitmaps in the file up to date and removes the marks, when all guest data is durable or may be lost.
     * Nothing is recorded any more: the image is loaded anew, or closed.
     */
    public void store(ExclusiveFile image) throws IOException {
        DirectoryFile place = new DirectoryFile(image);
        List<BitmapDirectory.Entry> changed = new ArrayList<>();
        List<BitmapDirectory.Entry> saved = new ArrayList<>();
        List<ContentChange> changes = new ArrayList<>();
        for (int i = 0; i < directory.entries().size(); i++) {
            BitmapDirectory.Entry entry = place.directory().entries().get(i);
            boolean recorded = records(directory.entries().get(i));
            if (recorded) {
                ContentChange change = new ContentChange(image, entry);
                change.mark(bits);
                changes.add(change);
                entry = change.entry();
            }
            changed.add(entry);
            saved.add(recorded ? entry.withInUse(false) : entry);
        }
        image.commitRefcounts();
        place.update(new BitmapDirectory(changed));
        place.update(new BitmapDirectory(saved));
        marked = false;
        for (ContentChange change : changes) {
            change.releaseOld();
        }
    }
}
