package io.jimg.host.deflate;

import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** The Java platform's DEFLATE, as a rule a zlib within the JDK. */
final class ZipLibrary implements DeflateLibrary {
    static final ZipLibrary INSTANCE = new ZipLibrary();

    private ZipLibrary() {}

    @Override
    public String name() {
        return "java.util.zip";
    }

    @Override
    public int highestLevel() {
        return Deflater.BEST_COMPRESSION;
    }

    @Override
    public RawDeflater newDeflater(int level) {
        if (level < 1) {
            throw new IllegalArgumentException("level " + level);
        }
        return new ZipDeflater(Math.min(level, highestLevel()));
    }

    @Override
    public RawInflater newInflater() {
        return new ZipInflater();
    }

    private static final class ZipDeflater implements RawDeflater {
        private final Deflater deflater;

        ZipDeflater(int level) {
            deflater = new Deflater(level, true);
        }

        @Override
        public boolean deflate(ByteBuffer input, ByteBuffer output) {
            if (output.isReadOnly()) {
                throw new ReadOnlyBufferException();
            }
            int inputStart = input.position();
            int outputStart = output.position();
            deflater.reset();
            deflater.setInput(input);
            deflater.finish();
            while (!deflater.finished() && output.hasRemaining()) {
                deflater.deflate(output);
            }
            // zlib may fill the output to its last byte before it knows that nothing is left to say.
            boolean fits = deflater.finished() || (deflater.deflate(new byte[1]) == 0 && deflater.finished());
            if (!fits) {
                input.position(inputStart);
                output.position(outputStart);
            }
            return fits;
        }

        @Override
        public void close() {
            deflater.end();
        }
    }

    private static final class ZipInflater implements RawInflater {
        private final Inflater inflater = new Inflater(true);

        @Override
        public End inflate(ByteBuffer input, ByteBuffer output) {
            if (output.isReadOnly()) {
                throw new ReadOnlyBufferException();
            }
            int start = input.position();
            inflater.reset();
            inflater.setInput(input.duplicate());
            End end;
            try {
                end = inflateTo(output);
            } catch (DataFormatException corrupt) {
                return End.CORRUPT;
            }
            if (end == End.STREAM_END) {
                input.position(start + Math.toIntExact(inflater.getBytesRead()));
            }
            return end;
        }

        private End inflateTo(ByteBuffer output) throws DataFormatException {
            while (!inflater.finished()) {
                // A full output may still be followed by the stream's end mark.
                boolean full = !output.hasRemaining();
                int inflated = full ? inflater.inflate(new byte[1]) : inflater.inflate(output);
                if (full && inflated > 0) {
                    return End.OUTPUT_FULL;
                }
                if (inflater.needsDictionary()) {
                    return End.CORRUPT;
                }
                if (inflated == 0 && !inflater.finished()) {
                    return End.INPUT_ENDED;
                }
            }
            return End.STREAM_END;
        }

        @Override
        public void close() {
            inflater.end();
        }
    }
}
