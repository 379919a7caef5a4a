package io.jimg.qcow2.image;

import io.jimg.capability.CompressedWrite;
import io.jimg.qcow2.compression.ClusterCompression;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The capability to write compressed clusters into an open image. */
record CompressedWriting(Qcow2Image image, ClusterCompression compression) implements CompressedWrite {

    @Override
    public String codec() {
        return image.header().compressionType().codec();
    }

    @Override
    public int runLength() {
        return image.clusterSize();
    }

    @Override
    public boolean compress(ByteBuffer source, ByteBuffer destination) throws IOException {
        return compression.encode(source, destination);
    }

    @Override
    public void writeCompressed(long guestOffset, ByteBuffer stream) throws IOException {
        image.writeCompressed(guestOffset, stream);
    }
}
