package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.capability.Bitmaps;
import io.jimg.capability.DirtyRuns;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/** What bitmaps should say: a bit a granule, one after the other. */
final class BitmapModel {

    /** One bitmap. */
    static final class Entry {
        final long granularity;
        boolean enabled;
        BitSet dirty = new BitSet();

        Entry(long granularity, boolean enabled) {
            this.granularity = granularity;
            this.enabled = enabled;
        }

        void set(long offset, long length) {
            if (length > 0) {
                dirty.set((int) (offset / granularity), (int) ((offset + length - 1) / granularity) + 1);
            }
        }

        Entry copy() {
            Entry copy = new Entry(granularity, enabled);
            copy.dirty = (BitSet) dirty.clone();
            return copy;
        }

        @Override
        public String toString() {
            return granularity + (enabled ? " enabled " : " disabled ") + dirty;
        }
    }

    private long size;
    final Map<String, Entry> entries = new LinkedHashMap<>();

    BitmapModel(long size) {
        this.size = size;
    }

    BitmapModel copy() {
        BitmapModel copy = new BitmapModel(size);
        entries.forEach((name, entry) -> copy.entries.put(name, entry.copy()));
        return copy;
    }

    /** A range is written, in whatever way. */
    void written(long offset, long length) {
        for (Entry entry : entries.values()) {
            if (entry.enabled) {
                entry.set(offset, length);
            }
        }
    }

    /** The image has another size. */
    void resized(long newSize) {
        size = newSize;
        for (Entry entry : entries.values()) {
            int granules = (int) ((newSize + entry.granularity - 1) / entry.granularity);
            entry.dirty.clear(granules, Math.max(granules, entry.dirty.length()));
        }
    }

    /** Does one thing by chance to the bitmaps and here; what it was. */
    Edit random(Random random) {
        List<String> names = new ArrayList<>(entries.keySet());
        if (names.isEmpty() || names.size() < 5 && random.nextInt(3) == 0) {
            String name;
            do {
                name = "b" + random.nextInt(20) + "é".repeat(random.nextInt(10) == 0 ? 300 : random.nextInt(4));
            } while (entries.containsKey(name));
            return new Edit(
                    Edit.Kind.ADD,
                    name,
                    "",
                    512L << random.nextInt(random.nextInt(10) == 0 ? 20 : 9),
                    random.nextBoolean());
        }
        String name = names.get(random.nextInt(names.size()));
        String other = names.get(random.nextInt(names.size()));
        Edit.Kind kind = Edit.Kind.values()[1 + random.nextInt(Edit.Kind.values().length - 1)];
        return new Edit(kind, name, other, 0, false);
    }

    /** A change of the bitmaps. */
    record Edit(Kind kind, String name, String other, long granularity, boolean enabled) {
        enum Kind {
            ADD,
            REMOVE,
            CLEAR,
            ENABLE,
            DISABLE,
            MERGE
        }

        void apply(Bitmaps bitmaps) throws IOException {
            switch (kind) {
                case ADD -> bitmaps.add(name, granularity, enabled);
                case REMOVE -> bitmaps.remove(name);
                case CLEAR -> bitmaps.clear(name);
                case ENABLE -> bitmaps.enable(name);
                case DISABLE -> bitmaps.disable(name);
                case MERGE -> bitmaps.merge(name, bitmaps.read(other));
            }
        }

        void apply(BitmapModel model) {
            switch (kind) {
                case ADD -> model.entries.put(name, new Entry(granularity, enabled));
                case REMOVE -> model.entries.remove(name);
                case CLEAR -> model.entry(name).dirty.clear();
                case ENABLE -> model.entry(name).enabled = true;
                case DISABLE -> model.entry(name).enabled = false;
                case MERGE -> model.merge(name, model.entry(other));
            }
        }
    }

    Entry entry(String name) {
        return Objects.requireNonNull(entries.get(name));
    }

    private void merge(String name, Entry source) {
        Entry target = entry(name);
        BitSet bits = (BitSet) source.dirty.clone();
        bits.stream().forEach(bit -> {
            long start = bit * source.granularity;
            target.set(start, Math.min(source.granularity, size - start));
        });
    }

    /** The bitmaps are what they should be. */
    void verify(Bitmaps bitmaps) throws IOException {
        List<Bitmaps.Bitmap> expected = new ArrayList<>();
        entries.forEach(
                (name, entry) -> expected.add(new Bitmaps.Bitmap(name, entry.granularity, entry.enabled, false)));
        assertThat(bitmaps.list()).isEqualTo(expected);
        for (Map.Entry<String, Entry> each : entries.entrySet()) {
            assertThat(read(bitmaps.read(each.getKey()))).as(each.getKey()).isEqualTo(each.getValue().dirty);
        }
    }

    /** What a bitmap says, a bit a granule. */
    static BitSet read(DirtyRuns runs) throws IOException {
        BitSet bits = new BitSet();
        long granularity = runs.granularity();
        for (long start = runs.nextDirty(0); start < runs.size(); ) {
            long end = runs.nextClean(start);
            assertThat(start % granularity).isZero();
            assertThat(end == runs.size() || end % granularity == 0).isTrue();
            bits.set((int) (start / granularity), (int) ((end + granularity - 1) / granularity));
            start = runs.nextDirty(end);
        }
        return bits;
    }
}
