package io.jimg.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Collects where the numbers of an image lie. Places outside the image are left out. Not for several threads. */
final class Sites {
    /** Entries of one table that are worth a mutation. */
    static final int TABLE_ENTRIES = 24;

    private final ByteBuffer image;
    private final ByteOrder order;
    private final int unit;
    private final List<Site> found = new ArrayList<>();

    /**
     * None yet.
     *
     * @param unit what the format counts places in
     */
    Sites(byte[] image, ByteOrder order, int unit) {
        this.image = ByteBuffer.wrap(image).order(order);
        this.order = order;
        this.unit = unit;
    }

    /** All that were added. */
    List<Site> found() {
        return List.copyOf(found);
    }

    /** Adds fields of a structure: pairs of an offset in it and a width. */
    void fields(long hostOffset, int... offsetsAndWidths) {
        for (int i = 0; i < offsetsAndWidths.length; i += 2) {
            add(hostOffset + offsetsAndWidths[i], offsetsAndWidths[i + 1]);
        }
    }

    /** Adds a table's first entries. */
    void table(long hostOffset, long entries, int width) {
        for (int i = 0; i < Math.min(entries, TABLE_ENTRIES); i++) {
            add(hostOffset + (long) i * width, width);
        }
    }

    private void add(long hostOffset, int width) {
        if (hostOffset >= 0 && hostOffset <= image.capacity() - width) {
            found.add(new Site((int) hostOffset, width, order, unit));
        }
    }

    /** The four bytes at a place; 0 outside the image. */
    long number32(long hostOffset) {
        return hostOffset >= 0 && hostOffset <= image.capacity() - 4
                ? Integer.toUnsignedLong(image.getInt((int) hostOffset))
                : 0;
    }

    /** The eight bytes at a place; 0 outside the image. */
    long number64(long hostOffset) {
        return hostOffset >= 0 && hostOffset <= image.capacity() - 8 ? image.getLong((int) hostOffset) : 0;
    }
}
