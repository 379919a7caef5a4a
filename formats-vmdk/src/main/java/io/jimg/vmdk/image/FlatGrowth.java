package io.jimg.vmdk.image;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.spi.FileSpace;
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
        if (preallocation == Preallocation.METADATA) {
            throw new ImageException(ErrorKind.UNSUPPORTED, "Unsupported preallocation mode: " + preallocation.text());
        }
        FileSpace.extend(file, flat.start() + size, preallocation.ofSpace(), FileSpace.Watcher.NONE);
        file.flush();
        return new FlatExtent(file, flat.start(), size);
    }
}
