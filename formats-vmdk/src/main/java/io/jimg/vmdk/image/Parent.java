package io.jimg.vmdk.image;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.vmdk.extent.Beneath;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The parent as one extent sees it. A parent whose content has changed since the child was made is not read: the
 * child's {@code parentCID} must be its {@code CID} ("Virtual Disk Format 1.1", Delta Links).
 */
final class Parent implements Beneath {
    private final @Nullable DiskImage image;
    /**
     * Whether the parent was what the child says when both were opened; what a commit does to it afterwards is known to
     * be right.
     */
    private final boolean valid;

    private final long start;

    /**
     * A view.
     *
     * @param image the parent; null where there is none
     * @param expectedCid what the child says
     * @param start guest offset of the extent's first byte
     */
    Parent(@Nullable DiskImage image, long expectedCid, long start) {
        this.image = image;
        this.valid = image instanceof VmdkImage vmdk && vmdk.cid() == expectedCid;
        this.start = start;
    }

    @Override
    public boolean exists() {
        return image != null;
    }

    @Override
    public void read(ByteBuffer destination, long offset) throws IOException {
        DiskImage parent = image;
        if (parent == null) {
            Beneath.fillWithZeroes(destination);
            return;
        }
        if (!valid) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "Invalid argument",
                    parent.name(),
                    ImageException.NO_OFFSET,
                    new IllegalStateException("the parent's content is not that which the child was made of"));
        }
        long from = start + offset;
        long inside = Math.min(destination.remaining(), parent.size() - from);
        if (inside > 0) {
            int limit = destination.limit();
            parent.read(destination.limit(destination.position() + (int) inside), from);
            destination.limit(limit);
        }
        Beneath.fillWithZeroes(destination);
    }
}
