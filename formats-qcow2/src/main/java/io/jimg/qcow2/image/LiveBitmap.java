package io.jimg.qcow2.image;

import io.jimg.capability.DirtyRuns;
import io.jimg.qcow2.bitmaps.BitmapEdits;
import io.jimg.qcow2.bitmaps.BitmapRecording;
import io.jimg.qcow2.bitmaps.DirectoryFile;
import io.jimg.qcow2.bitmaps.StoredBitmap;
import io.jimg.qcow2.header.BitmapDirectory;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A bitmap of an open image, found again by its name whenever the image was loaded anew. Safe for many threads. */
final class LiveBitmap implements DirtyRuns {
    private final Qcow2Image image;
    private final String name;
    private final long granularity;
    private volatile View view;

    private record View(Loaded loaded, DirtyRuns runs) {}

    private LiveBitmap(Qcow2Image image, String name, View view) {
        this.image = image;
        this.name = name;
        this.granularity = view.runs.granularity();
        this.view = view;
    }

    /**
     * Finds a bitmap.
     *
     * @throws io.jimg.ImageException where it does not exist or is inconsistent
     */
    static LiveBitmap open(Qcow2Image image, String name) throws IOException {
        return image.use(loaded -> new LiveBitmap(image, name, find(image, name, loaded)));
    }

    /** The directory without the marks that say that this image is recording. */
    static BitmapDirectory directory(Qcow2Image image, Loaded loaded) throws IOException {
        BitmapRecording recording = recording(loaded);
        return recording != null
                ? recording.directory()
                : DirectoryFile.read(image.foundation().files().file(), loaded.header());
    }

    private static @Nullable BitmapRecording recording(Loaded loaded) {
        WritePath writePath = loaded.writePath();
        return writePath == null ? null : writePath.recording();
    }

    private static View find(Qcow2Image image, String name, Loaded loaded) throws IOException {
        BitmapDirectory directory = directory(image, loaded);
        int index = directory.find(name);
        if (index < 0) {
            throw BitmapEdits.notFound(name, image.name());
        }
        BitmapDirectory.Entry entry = directory.entries().get(index);
        BitmapRecording recording = recording(loaded);
        DirtyRuns runs = recording != null
                ? recording.read(entry)
                : StoredBitmap.open(image.foundation().files().file(), loaded.header(), entry);
        return new View(loaded, runs);
    }

    private DirtyRuns runs(Loaded loaded) throws IOException {
        View present = view;
        if (present.loaded != loaded) {
            present = find(image, name, loaded);
            view = present;
        }
        return present.runs;
    }

    /** Whether this is a bitmap of an image. */
    boolean of(Qcow2Image other) {
        return image == other;
    }

    String name() {
        return name;
    }

    @Override
    public long size() {
        return image.size();
    }

    @Override
    public long granularity() {
        return granularity;
    }

    @Override
    public long nextDirty(long guestOffset) throws IOException {
        return image.use(loaded -> runs(loaded).nextDirty(guestOffset));
    }

    @Override
    public long nextClean(long guestOffset) throws IOException {
        return image.use(loaded -> runs(loaded).nextClean(guestOffset));
    }
}
