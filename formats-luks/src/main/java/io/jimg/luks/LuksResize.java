package io.jimg.luks;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.crypto.SectorCipher;
import io.jimg.spi.Zeroes;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import java.io.IOException;

/**
 * Gives a volume's payload another length. A new part is noise to the guest, as it is in a new volume: zeroes of the
 * file, decrypted. A failure leaves the volume as it was.
 */
final class LuksResize extends Job<Long> {
    private final LuksImage image;
    private final long newSize;
    private final Preallocation preallocation;
    private final boolean shrink;

    LuksResize(LuksImage image, long newSize, Preallocation preallocation, boolean shrink) {
        this.image = image;
        this.newSize = newSize;
        this.preallocation = preallocation;
        this.shrink = shrink;
    }

    @Override
    protected Long execute() throws IOException {
        return image.resize(this::apply);
    }

    /** Resizes, with no request under way. */
    private long apply(Storage file, long payloadOffset) throws IOException {
        long oldSize = image.size();
        if (newSize < oldSize && !shrink) {
            throw fail(ErrorKind.BAD_OPTION, "The image would become smaller, which was not allowed");
        }
        if (newSize < 0 || newSize > Long.MAX_VALUE - SectorCipher.SECTOR - payloadOffset) {
            throw fail(ErrorKind.LIMIT, "The requested file size is too large");
        }
        if (newSize % SectorCipher.SECTOR != 0) {
            throw fail(ErrorKind.BAD_OPTION, "The new size must be a multiple of " + SectorCipher.SECTOR);
        }
        if (preallocation == Preallocation.METADATA) {
            throw fail(ErrorKind.UNSUPPORTED, "Unsupported preallocation mode: metadata");
        }
        if (newSize <= oldSize && preallocation != Preallocation.OFF) {
            throw fail(ErrorKind.BAD_OPTION, "Preallocation can't be used for shrinking an image");
        }
        if (!file.growsWithZeroes()) {
            throw fail(ErrorKind.UNSUPPORTED, "Cannot resize device files");
        }
        if (preallocation != Preallocation.OFF) {
            reserve(file, payloadOffset + oldSize, newSize - oldSize);
        }
        file.truncate(payloadOffset + newSize);
        return newSize;
    }

    private void reserve(Storage file, long end, long added) throws IOException {
        try {
            if (preallocation == Preallocation.FULL || file.allocate(end, added) == Outcome.UNSUPPORTED) {
                Zeroes.write(added, (zeroes, at) -> {
                    checkCancelled();
                    progress(at, added);
                    file.write(zeroes, end + at);
                });
            }
        } catch (IOException failure) {
            try {
                file.truncate(end);
            } catch (IOException second) {
                failure.addSuppressed(second);
            }
            throw failure;
        }
    }

    private ImageException fail(ErrorKind kind, String sentence) {
        return new ImageException(kind, sentence, image.name(), ImageException.NO_OFFSET, null);
    }
}
