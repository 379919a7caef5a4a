package io.jimg.qcow2.resize;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.spi.Zeroes;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import java.io.IOException;

/** Makes new places for guest data zero and takes their space on the host, as far as it was asked for. */
final class SpaceReserve {
    private final Storage data;
    private final Preallocation preallocation;

    SpaceReserve(Storage data, Preallocation preallocation) {
        this.data = data;
        this.preallocation = preallocation;
    }

    /**
     * Prepares a range.
     *
     * @param fresh whether it reads as zero already
     */
    void prepare(long hostOffset, long length, boolean fresh) throws IOException {
        switch (preallocation) {
            case FULL -> reserve("Could not write zeros for preallocation: ", () -> writeZeroes(hostOffset, length));
            case FALLOC -> reserve("Could not preallocate new data: ", () -> allocate(hostOffset, length, fresh));
            default -> {
                if (!fresh) {
                    zero(hostOffset, length, false);
                }
            }
        }
    }

    /** Sets the length of an external data file; what follows the old end is zero afterwards. */
    void growTo(long oldSize, long newSize) throws IOException {
        if (!data.growsWithZeroes()) {
            if (data.size() < newSize) {
                throw new ImageException(
                        ErrorKind.NO_SPACE, "Cannot grow device files", data.name(), ImageException.NO_OFFSET, null);
            }
            prepare(oldSize, newSize - oldSize, false);
            return;
        }
        boolean fresh = data.size() <= oldSize;
        data.truncate(newSize);
        prepare(oldSize, newSize - oldSize, fresh);
    }

    /** Takes space. */
    @FunctionalInterface
    private interface Reservation {
        void run() throws IOException;
    }

    private static void reserve(String failed, Reservation reservation) throws IOException {
        try {
            reservation.run();
        } catch (IOException failure) {
            throw ImageException.wrap(failure).prefixed("Failed to resize underlying file: " + failed);
        }
    }

    private void allocate(long hostOffset, long length, boolean fresh) throws IOException {
        if (!fresh || data.allocate(hostOffset, length) == Outcome.UNSUPPORTED) {
            zero(hostOffset, length, true);
        }
    }

    private void zero(long hostOffset, long length, boolean keepAllocated) throws IOException {
        if (data.zero(hostOffset, length, keepAllocated) == Outcome.UNSUPPORTED) {
            writeZeroes(hostOffset, length);
        }
    }

    private void writeZeroes(long hostOffset, long length) throws IOException {
        Zeroes.write(length, (zeroes, at) -> data.write(zeroes, hostOffset + at));
    }
}
