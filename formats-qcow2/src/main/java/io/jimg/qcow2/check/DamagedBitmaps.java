package io.jimg.qcow2.check;

import io.jimg.qcow2.header.BitmapDirectory;
import io.jimg.qcow2.header.BitmapsExtension;
import io.jimg.qcow2.header.Header;
import io.jimg.validate.Place;
import java.io.IOException;
import java.util.TreeMap;

/**
 * Entries of bitmap tables that no sound image has, for which QEMU does not open an image. They are cleared, and their
 * bitmap is marked as being in use before: inconsistent, so that nobody takes it for what is clean. But only once it is
 * known that directory and table are nothing else: a damaged image may take a guest's data for them. Not safe for
 * threads.
 */
final class DamagedBitmaps {
    private static final int ENTRY_BYTES = 100;

    private record Entry(long value, long weight) {}

    private final Header header;
    private final MemoryBudget budget;
    private final TreeMap<Long, Entry> entries = new TreeMap<>();

    DamagedBitmaps(Header header, MemoryBudget budget) {
        this.header = header;
        this.budget = budget;
    }

    /**
     * An entry that was told of as repaired.
     *
     * @param hostOffset where it lies
     * @param weight how many tables it belongs to
     */
    void add(long hostOffset, long value, long weight) throws IOException {
        budget.reserve(ENTRY_BYTES);
        entries.put(hostOffset, new Entry(value, weight));
    }

    /** Clears the entries, after everything was counted; what must be left is told of. */
    void clear(MetadataReader reader, References references, Findings findings, Fixes fixes) throws IOException {
        BitmapsExtension extension = header.bitmaps();
        if (entries.isEmpty() || extension == null) {
            return;
        }
        BitmapDirectory before = BitmapWalk.directory(header, extension, reader);
        BitmapDirectory marked = before;
        TreeMap<Long, Entry> clearable = new TreeMap<>();
        boolean own = sole(references, extension.directoryOffset(), extension.directorySize());
        for (int i = 0; own && i < before.entries().size(); i++) {
            BitmapDirectory.Entry bitmap = before.entries().get(i);
            long length = (long) bitmap.tableSize() * Long.BYTES;
            var inside = entries.subMap(bitmap.tableOffset(), bitmap.tableOffset() + length);
            if (!inside.isEmpty() && sole(references, bitmap.tableOffset(), length)) {
                clearable.putAll(inside);
                marked = marked.with(i, bitmap.withInUse(true));
            }
        }
        if (!clearable.isEmpty()) {
            fixes.write(marked.write(), extension.directoryOffset());
            fixes.flush();
        }
        for (var each : entries.entrySet()) {
            if (clearable.containsKey(each.getKey())) {
                fixes.entry(each.getKey(), 0);
            } else {
                leave(each.getKey(), each.getValue(), findings);
            }
        }
    }

    private static void leave(long hostOffset, Entry entry, Findings findings) {
        for (long i = 0; i < entry.weight; i++) {
            findings.takeBackFixed();
        }
        findings.corruption(
                entry.weight,
                Place.host(hostOffset),
                () -> "ERROR invalid bitmap table entry: " + Long.toHexString(entry.value)
                        + "; left alone, for its table or the bitmap directory lies on other data.");
    }

    private boolean sole(References references, long hostOffset, long length) {
        for (long at = hostOffset; at < hostOffset + length; at += header.clusterSize()) {
            if (references.counts().get(at >>> header.clusterBits()) != 1) {
                return false;
            }
        }
        return true;
    }
}
