package io.jimg.qcow2.image;

import io.jimg.capability.CompressedWrite;
import io.jimg.qcow2.compression.ClusterCompression;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The capability to write compressed clusters into an open image. */
record CompressedWriting(String codec, int runLength, ClusterCompression compression, WritePath path)
        implements CompressedWrite {

    @Override
    public boolean compress(ByteBuffer source, ByteBuffer destination) throws IOException {
        return compression.encode(source, destination);
    }

    @Override
    public void writeCompressed(long guestOffset, ByteBuffer stream) throws IOException {
        path.writeCompressed(guestOffset, stream);
    }
}
