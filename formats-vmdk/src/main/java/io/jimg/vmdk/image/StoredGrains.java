package io.jimg.vmdk.image;

import io.jimg.capability.CompressedRuns;
import io.jimg.vmdk.sparse.SparseExtent;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The compressed grains of an image that is one stream-optimised extent: each is a zlib stream, whose middle is raw
 * deflate.
 */
record StoredGrains(VmdkImage image, SparseExtent extent) implements CompressedRuns {

    @Override
    public String codec() {
        return DEFLATE;
    }

    @Override
    public int runLength() {
        return extent.grainSize();
    }

    @Override
    public boolean readRun(long guestOffset, ByteBuffer plain, ByteBuffer stream) throws IOException {
        if (guestOffset % extent.grainSize() != 0) {
            throw new IllegalArgumentException("guest offset " + guestOffset + " is no grain's");
        }
        return image.request(() -> extent.readCompressed(guestOffset, plain, stream));
    }
}
