package io.jimg.qcow2.header;

import java.nio.ByteBuffer;

/**
 * Where the bitmap directory is (specification: "Bitmaps extension").
 *
 * @param count bitmaps, at least 1
 * @param directorySize bytes
 * @param directoryOffset host offset of the directory, a multiple of the cluster size
 */
public record BitmapsExtension(int count, long directorySize, long directoryOffset) {

    /** As the header stores it. */
    public HeaderExtension stored() {
        ByteBuffer data = ByteBuffer.allocate(24);
        data.putInt(count).putInt(0).putLong(directorySize).putLong(directoryOffset);
        return new HeaderExtension(HeaderExtension.BITMAPS, data.array());
    }
}
