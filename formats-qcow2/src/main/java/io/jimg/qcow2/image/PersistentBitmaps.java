package io.jimg.qcow2.image;

import io.jimg.capability.Bitmaps;
import io.jimg.capability.DirtyRuns;
import io.jimg.qcow2.bitmaps.BitmapEdits;
import java.io.IOException;
import java.util.List;

/** The bitmaps of an open image, as they are at the time of each call. */
record PersistentBitmaps(Qcow2Image image) implements Bitmaps {
    private static final long SMALLEST_DEFAULT = 4096;
    private static final long LARGEST_DEFAULT = 65536;

    /** Something that is done to the bitmaps. */
    @FunctionalInterface
    private interface Edit {
        void apply(BitmapEdits edits) throws IOException;
    }

    @Override
    public List<Bitmap> list() throws IOException {
        return image.use(loaded -> LiveBitmap.directory(image, loaded).entries().stream()
                .map(entry -> new Bitmap(entry.name(), 1L << entry.granularityBits(), entry.auto(), entry.inUse()))
                .toList());
    }

    @Override
    public boolean storable() {
        return image.header().version() >= 3;
    }

    @Override
    public long defaultGranularity() {
        return Math.max(SMALLEST_DEFAULT, Math.min(LARGEST_DEFAULT, image.clusterSize()));
    }

    @Override
    public void add(String name, long granularity, boolean enabled) throws IOException {
        edit(edits -> edits.add(name, granularity, enabled));
    }

    @Override
    public void remove(String name) throws IOException {
        edit(edits -> edits.remove(name));
    }

    @Override
    public void clear(String name) throws IOException {
        edit(edits -> edits.clear(name));
    }

    @Override
    public void enable(String name) throws IOException {
        edit(edits -> edits.enable(name, true));
    }

    @Override
    public void disable(String name) throws IOException {
        edit(edits -> edits.enable(name, false));
    }

    @Override
    public void merge(String name, DirtyRuns source) throws IOException {
        if (source instanceof LiveBitmap live && live.of(image)) {
            edit(edits -> edits.merge(name, live.name()));
        } else {
            edit(edits -> edits.merge(name, source));
        }
    }

    @Override
    public DirtyRuns read(String name) throws IOException {
        return LiveBitmap.open(image, name);
    }

    private void edit(Edit edit) throws IOException {
        image.exclusively(file -> {
            edit.apply(new BitmapEdits(file));
            return true;
        });
    }
}
