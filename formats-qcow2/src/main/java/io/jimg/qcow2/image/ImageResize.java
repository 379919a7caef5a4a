package io.jimg.qcow2.image;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.ZeroMode;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.qcow2.bitmaps.BitmapResize;
import io.jimg.qcow2.change.MetadataChange;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.resize.Growth;
import io.jimg.qcow2.resize.Shrinkage;
import io.jimg.spi.ResizeJob;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A resize of an open image: refuses what cannot be, zeroes what of the last cluster lies behind the old end, and
 * leaves the rest to {@link Growth} or {@link Shrinkage}.
 */
final class ImageResize extends ResizeJob {
    private static final int SECTOR = 512;

    private final Qcow2Image image;

    ImageResize(Qcow2Image image, long newSize, Preallocation preallocation, boolean shrink) {
        super(image.name(), newSize, preallocation, shrink);
        this.image = image;
    }

    @Override
    protected Long execute() throws IOException {
        Header header = image.header();
        refuse(header);
        if (newSize == header.size()) {
            return newSize;
        }
        if (newSize < header.size()) {
            return image.exclusively(withBitmaps(new Shrinkage(newSize, this::passed)));
        }
        DiskImage backing = image.backing();
        ByteBuffer zeroes = ByteBuffer.allocate(header.clusterSize());
        Growth growth = new Growth(
                newSize,
                preallocation,
                backing != null && backing.size() > header.size(),
                (hostOffset, guestOffset) -> {
                    Foundation foundation = image.foundation();
                    foundation.guestData(foundation.files().file()).write(zeroes.clear(), hostOffset, guestOffset);
                },
                this::passed);
        growth.refuse(header, image.name());
        zeroTail(header);
        return image.exclusively(withBitmaps(growth));
    }

    /** The change with what it means for the bitmaps before it and after it. */
    private MetadataChange<Long> withBitmaps(MetadataChange<Long> change) {
        return file -> {
            BitmapResize bitmaps = BitmapResize.begin(file, newSize);
            Long result;
            try {
                result = change.apply(file);
            } catch (Throwable failure) {
                abandon(bitmaps, failure);
                throw failure;
            }
            bitmaps.finish();
            return result;
        };
    }

    private static void abandon(BitmapResize bitmaps, Throwable failure) {
        try {
            bitmaps.abandon();
        } catch (IOException second) {
            failure.addSuppressed(second);
        }
    }

    private void refuse(Header header) throws ImageException {
        if (image.readOnly()) {
            throw refusal(ErrorKind.READ_ONLY, "The device is open for reading only");
        }
        if (newSize < 0 || newSize % SECTOR != 0) {
            throw refusal(ErrorKind.BAD_OPTION, "The new size must be a multiple of 512");
        }
        if (header.version() < 3 && header.snapshotCount() > 0) {
            throw refusal(ErrorKind.UNSUPPORTED, "Can't resize a v2 image which has snapshots");
        }
        refusePreallocationWithoutGrowth(header.size());
        refuseLoss(header.size());
    }

    /**
     * The rest of the old last cluster may hold a backing file's bytes, or what was cut off once. It becomes data where
     * clusters are to be reserved.
     */
    private void zeroTail(Header header) throws IOException {
        long oldSize = header.size();
        long clusterEnd = (oldSize + header.clusterSize() - 1) & -(long) header.clusterSize();
        int length = (int) (Math.min(clusterEnd, newSize) - oldSize);
        if (length == 0) {
            return;
        }
        image.use(loaded -> {
            WritePath path = loaded.writePath();
            if (path != null && preallocation != Preallocation.OFF) {
                path.write(ByteBuffer.allocate(length), oldSize);
            } else if (path != null) {
                path.zero(oldSize, length, ZeroMode.KEEP_ALLOCATED);
            }
            return length;
        });
    }

    private void passed(long done, long total) throws ImageException {
        checkCancelled();
        progress(done, total);
    }
}
