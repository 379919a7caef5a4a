package io.jimg.qcow2.compression;

import io.jimg.host.deflate.DeflateLibrary;
import io.jimg.host.deflate.RawDeflater;
import io.jimg.host.deflate.RawInflater;
import java.nio.ByteBuffer;

/** Raw deflate streams (RFC 1951). */
record DeflateCodec(DeflateLibrary library) implements Codec {
    private static final int LEVEL = 6;

    @Override
    public ClusterDecoder newDecoder() {
        return new Decoder(library.newInflater());
    }

    @Override
    public ClusterEncoder newEncoder() {
        return new Encoder(library.newDeflater(LEVEL));
    }

    private record Decoder(RawInflater inflater) implements ClusterDecoder {
        @Override
        public int decode(ByteBuffer source, ByteBuffer cluster) {
            ByteBuffer input = source.duplicate();
            return switch (inflater.inflate(input, cluster)) {
                case STREAM_END -> cluster.hasRemaining() ? CORRUPT : input.position() - source.position();
                case OUTPUT_FULL -> ENDLESS;
                // A stream that lacks only its end mark has given its whole cluster, and QEMU reads it.
                case INPUT_ENDED -> cluster.hasRemaining() ? CORRUPT : ENDLESS;
                case CORRUPT -> CORRUPT;
            };
        }

        @Override
        public void close() {
            inflater.close();
        }
    }

    private record Encoder(RawDeflater deflater) implements ClusterEncoder {
        @Override
        public boolean encode(ByteBuffer cluster, ByteBuffer stream) {
            return deflater.deflate(cluster.duplicate(), stream);
        }

        @Override
        public void close() {
            deflater.close();
        }
    }
}
