package io.jimg.qcow2.compression;

import com.github.luben.zstd.EndDirective;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;

/**
 * Zstandard frames (RFC 8878). A cluster may be several frames one after another; what follows the frame that completes
 * it is ignored, which only the streaming calls can do.
 */
final class ZstdCodec implements Codec {
    private static final int LEVEL = 3;

    @Override
    public ClusterDecoder newDecoder() {
        return new Decoder(new ZstdDecompressCtx());
    }

    @Override
    public ClusterEncoder newEncoder() {
        return new Encoder(new ZstdCompressCtx().setLevel(LEVEL));
    }

    private record Decoder(ZstdDecompressCtx context) implements ClusterDecoder {
        @Override
        public int decode(ByteBuffer source, ByteBuffer cluster) {
            ByteBuffer input = Direct.readable(source);
            ByteBuffer output = Direct.writable(cluster);
            int start = input.position();
            try {
                context.reset();
                boolean frameEnded = false;
                while (output.hasRemaining()) {
                    int before = input.position() - output.remaining();
                    frameEnded = context.decompressDirectByteBufferStream(output, input);
                    if (input.position() - output.remaining() == before) {
                        return CORRUPT;
                    }
                }
                Direct.finish(cluster, output);
                // A frame that goes on past the cluster is refused, as QEMU refuses it.
                return frameEnded ? input.position() - start : CORRUPT;
            } catch (ZstdException malformed) {
                return CORRUPT;
            }
        }

        @Override
        public void close() {
            context.close();
        }
    }

    private record Encoder(ZstdCompressCtx context) implements ClusterEncoder {
        @Override
        public boolean encode(ByteBuffer cluster, ByteBuffer stream) {
            ByteBuffer output = Direct.writable(stream);
            context.reset();
            context.setLevel(LEVEL);
            boolean fits = context.compressDirectByteBufferStream(output, Direct.readable(cluster), EndDirective.END);
            if (fits) {
                Direct.finish(stream, output);
            }
            return fits;
        }

        @Override
        public void close() {
            context.close();
        }
    }

    /** The library takes direct buffers alone; others are copied. */
    private static final class Direct {
        static ByteBuffer readable(ByteBuffer buffer) {
            if (buffer.isDirect()) {
                return buffer.duplicate();
            }
            return ByteBuffer.allocateDirect(buffer.remaining())
                    .put(buffer.duplicate())
                    .flip();
        }

        static ByteBuffer writable(ByteBuffer buffer) {
            return buffer.isDirect() ? buffer.duplicate() : ByteBuffer.allocateDirect(buffer.remaining());
        }

        /** Brings what was written to {@link #writable}'s buffer, and the position, to the buffer itself. */
        static void finish(ByteBuffer buffer, ByteBuffer written) {
            if (buffer.isDirect()) {
                buffer.position(written.position());
            } else {
                buffer.put(written.flip());
            }
        }
    }
}
