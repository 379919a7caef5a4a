package io.jimg.graph;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.spi.AlignedBuffers;
import io.jimg.spi.ImageFormat;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Finds an image's format by its content. */
record Probe(Drivers drivers) {
    /** The format that is surest of the file's first bytes. */
    ImageFormat find(Storage file) throws IOException {
        ByteBuffer head = ByteBuffer.allocate((int) Math.min(ImageFormat.PROBE_LENGTH, file.size()));
        int alignment = file.limits().requestAlignment();
        if (head.capacity() % alignment == 0) {
            file.read(head, 0);
        } else {
            ByteBuffer whole = AlignedBuffers.allocate(
                    (head.capacity() + alignment - 1) & -alignment,
                    file.limits().bufferAlignment());
            file.read(whole, 0);
            head.put(whole.flip().limit(head.capacity()));
        }
        head.flip();
        ImageFormat best = surest(head);
        if (best == null) {
            throw new ImageException(
                    ErrorKind.INVALID_FORMAT, "Could not determine image format: No compatible driver found");
        }
        return best;
    }

    /** The format that is surest of these bytes; null where none is at all. */
    @Nullable
    ImageFormat surest(ByteBuffer head) {
        ImageFormat best = null;
        int bestScore = ImageFormat.PROBE_NEVER;
        for (ImageFormat format : drivers.formats()) {
            int score = format.probe(head.asReadOnlyBuffer());
            if (score > bestScore) {
                best = format;
                bestScore = score;
            }
        }
        return best;
    }
}
