package io.jimg.qcow2.check;

import io.jimg.ErrorKind;
import io.jimg.ImageException;

/**
 * Bounds what a check remembers of an image. An honest image needs about a byte for each of its host clusters; a
 * hostile one may scatter references over a sparse file of exabytes, and is refused here instead of exhausting the
 * heap. Not safe for threads.
 */
final class MemoryBudget {
    private static final long LEAST = 64L << 20;

    private final long capacity;
    private long used;

    /** A budget of so many bytes. */
    MemoryBudget(long capacity) {
        this.capacity = capacity;
    }

    /** Half of what the heap may grow to. */
    static MemoryBudget ofHeap() {
        return new MemoryBudget(Math.max(LEAST, Runtime.getRuntime().maxMemory() / 2));
    }

    /** Takes bytes off the budget, before they are allocated. */
    void reserve(long bytes) throws ImageException {
        used += bytes;
        if (used > capacity) {
            throw new ImageException(
                    ErrorKind.LIMIT,
                    "The image refers to too many clusters to be checked within " + (capacity >> 20)
                            + " MiB of memory");
        }
    }

    /** Gives bytes back. */
    void release(long bytes) {
        used -= bytes;
    }
}
