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
    /**
     * The format that is surest of the file's first bytes.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} where they are those of a format without a driver: its
     *     header and tables would be a guest's disk
     */
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
        String foreign = foreign(head, best);
        if (foreign != null) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED,
                    "The file is an image in the format " + foreign
                            + ", for which there is no driver; state the format raw to read its bytes as a plain disk's");
        }
        if (best == null) {
            throw new ImageException(
                    ErrorKind.INVALID_FORMAT, "Could not determine image format: No compatible driver found");
        }
        return best;
    }

    /** The name of the format that these bytes are in, whether there is a driver for it; null where it is none. */
    @Nullable
    String nameOf(ByteBuffer head) {
        ImageFormat best = surest(head);
        String foreign = foreign(head, best);
        return foreign != null || best == null ? foreign : best.name();
    }

    /** The format without a driver that the bytes are in, where no driver is certain of them. */
    private static @Nullable String foreign(ByteBuffer head, @Nullable ImageFormat best) {
        return best != null && best.probe(head.asReadOnlyBuffer()) == ImageFormat.PROBE_CERTAIN
                ? null
                : Signature.containerOf(head);
    }

    private @Nullable ImageFormat surest(ByteBuffer head) {
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
