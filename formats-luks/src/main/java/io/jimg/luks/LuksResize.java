package io.jimg.luks;

import io.jimg.ErrorKind;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.crypto.SectorCipher;
import io.jimg.spi.ResizeJob;
import io.jimg.storage.Storage;
import java.io.IOException;

/**
 * Gives a volume's payload another length. A new part is noise to the guest, as it is in a new volume: zeroes of the
 * file, decrypted. A failure leaves the volume as it was.
 */
final class LuksResize extends ResizeJob {
    private final LuksImage image;

    LuksResize(LuksImage image, long newSize, Preallocation preallocation, boolean shrink) {
        super(image.name(), newSize, preallocation, shrink);
        this.image = image;
    }

    @Override
    protected Long execute() throws IOException {
        return image.resize(this::apply);
    }

    /** Resizes, with no request under way. */
    private long apply(Storage file, long payloadOffset) throws IOException {
        long oldSize = image.size();
        refuseLoss(oldSize);
        if (newSize < 0 || newSize > Long.MAX_VALUE - SectorCipher.SECTOR - payloadOffset) {
            throw refusal(ErrorKind.LIMIT, "The requested file size is too large");
        }
        if (newSize % SectorCipher.SECTOR != 0) {
            throw refusal(ErrorKind.BAD_OPTION, "The new size must be a multiple of " + SectorCipher.SECTOR);
        }
        refuseMetadata();
        refusePreallocationWithoutGrowth(oldSize);
        if (!file.growsWithZeroes()) {
            throw refusal(ErrorKind.UNSUPPORTED, "Cannot resize device files");
        }
        setLength(file, payloadOffset + newSize);
        return newSize;
    }
}
