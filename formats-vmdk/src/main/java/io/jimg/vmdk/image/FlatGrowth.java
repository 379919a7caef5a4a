package io.jimg.vmdk.image;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.spi.Zeroes;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import io.jimg.vmdk.extent.FlatExtent;
import java.io.IOException;

/** Makes the file of a flat extent longer, and reserves what is added as asked. */
final class FlatGrowth {
    private FlatGrowth() {}

    /**
     * The extent with its new size; flushed.
     *
     * @param flat ends where its file does
     * @param size guest bytes, no fewer than it has
     */
    static FlatExtent run(FlatExtent flat, long size, Preallocation preallocation) throws IOException {
        Storage file = flat.file();
        long old = flat.start() + flat.size();
        long end = flat.start() + size;
        switch (preallocation) {
            case OFF -> file.truncate(end);
            case FALLOC -> {
                if (file.allocate(old, end - old) == Outcome.UNSUPPORTED) {
                    Zeroes.write(end - old, (zeroes, at) -> file.write(zeroes, old + at));
                }
            }
            case FULL -> Zeroes.write(end - old, (zeroes, at) -> file.write(zeroes, old + at));
            default ->
                throw new ImageException(
                        ErrorKind.UNSUPPORTED, "Unsupported preallocation mode: " + preallocation.text());
        }
        file.flush();
        return new FlatExtent(file, flat.start(), size);
    }
}
