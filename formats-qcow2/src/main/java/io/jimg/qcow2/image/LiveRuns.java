package io.jimg.qcow2.image;

import io.jimg.capability.CompressedRuns;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;

/** {@link StoredRuns} of an image as it is at the time of each call. */
record LiveRuns(Qcow2Image image) implements CompressedRuns {

    @Override
    public String codec() {
        return image.header().compressionType().codec();
    }

    @Override
    public int runLength() {
        return image.clusterSize();
    }

    @Override
    public boolean readRun(long guestOffset, ByteBuffer plain, ByteBuffer stream) throws IOException {
        return image.use(loaded -> Objects.requireNonNull(loaded.runs()).readRun(guestOffset, plain, stream));
    }
}
