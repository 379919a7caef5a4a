package io.jimg.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A number in an image that means something: a header's field, a table's entry.
 *
 * @param hostOffset where it lies
 * @param width 1, 2, 4 or 8 bytes
 * @param order the format's byte order
 * @param unit what it counts host bytes in, where it names a place: 1, or a sector's 512
 */
record Site(int hostOffset, int width, ByteOrder order, int unit) {

    /** What it says; without sign unless it has 8 bytes. */
    long get(ByteBuffer image) {
        ByteBuffer in = image.duplicate().order(order);
        return switch (width) {
            case 1 -> Byte.toUnsignedLong(in.get(hostOffset));
            case 2 -> Short.toUnsignedLong(in.getShort(hostOffset));
            case 4 -> Integer.toUnsignedLong(in.getInt(hostOffset));
            default -> in.getLong(hostOffset);
        };
    }

    /** Makes it say something else; what does not fit is cut off. */
    void put(ByteBuffer image, long value) {
        ByteBuffer out = image.duplicate().order(order);
        switch (width) {
            case 1 -> out.put(hostOffset, (byte) value);
            case 2 -> out.putShort(hostOffset, (short) value);
            case 4 -> out.putInt(hostOffset, (int) value);
            default -> out.putLong(hostOffset, value);
        }
    }
}
