package io.jimg.qcow2.image;

import io.jimg.qcow2.header.BitmapDirectory;
import io.jimg.qcow2.header.BitmapsExtension;
import io.jimg.qcow2.header.Header;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Reads the bitmap directory. */
final class BitmapReader {
    private BitmapReader() {}

    /** The directory; without entries where the image has no bitmaps that are to be trusted. */
    static BitmapDirectory read(Storage file, Header header) throws IOException {
        BitmapsExtension extension = header.bitmaps();
        if (extension == null) {
            return BitmapDirectory.EMPTY;
        }
        // The parser has capped the size that the header states; the file caps what is allocated for it.
        long inFile = Math.max(0, file.size() - extension.directoryOffset());
        ByteBuffer directory = ByteBuffer.allocate((int) Math.min(extension.directorySize(), inFile));
        file.read(directory, extension.directoryOffset());
        return BitmapDirectory.parse(directory.flip(), header, file.name());
    }
}
