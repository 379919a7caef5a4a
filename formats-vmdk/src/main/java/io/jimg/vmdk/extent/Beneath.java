package io.jimg.vmdk.extent;

import java.io.IOException;
import java.nio.ByteBuffer;

/** What shows where an extent has no bytes of its own: the parent's bytes, or zeroes. Safe for many threads. */
public interface Beneath {

    /** No parent: zeroes. */
    Beneath NOTHING = new Beneath() {
        @Override
        public boolean exists() {
            return false;
        }

        @Override
        public void read(ByteBuffer destination, long offset) {
            fillWithZeroes(destination);
        }
    };

    /** Whether there is a parent. */
    boolean exists();

    /**
     * Fills a buffer.
     *
     * @param offset byte of the extent
     */
    void read(ByteBuffer destination, long offset) throws IOException;

    /** Fills what remains of a buffer with zeroes. */
    static void fillWithZeroes(ByteBuffer destination) {
        while (destination.remaining() >= Long.BYTES) {
            destination.putLong(0);
        }
        while (destination.hasRemaining()) {
            destination.put((byte) 0);
        }
    }
}
