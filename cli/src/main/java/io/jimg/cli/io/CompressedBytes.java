package io.jimg.cli.io;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.CompressedWrite;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Writes whole runs compressed, where nothing was written before. */
final class CompressedBytes {
    private CompressedBytes() {}

    /**
     * Writes the buffer.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} where the image holds no compressed data,
     *     {@link ErrorKind#BAD_OPTION} where these are no whole runs, {@link ErrorKind#IO} where the image holds bytes
     *     there already
     */
    static void write(DiskImage image, ByteBuffer bytes, long offset) throws IOException {
        CompressedWrite target = image.capability(CompressedWrite.class)
                .orElseThrow(() -> new ImageException(
                        ErrorKind.UNSUPPORTED, "The image's format has no compressed data, or this image cannot"));
        int run = target.runLength();
        if (offset > image.size() - bytes.remaining()) {
            throw new ImageException(ErrorKind.OUT_OF_RANGE, "The range leaves the disk");
        }
        boolean toTheEnd = offset + bytes.remaining() == image.size();
        if (offset % run != 0 || (bytes.remaining() % run != 0 && !toTheEnd)) {
            throw new ImageException(ErrorKind.BAD_OPTION, "Compressed data comes in whole runs of " + run + " bytes");
        }
        ByteBuffer plain = ByteBuffer.allocate(run);
        ByteBuffer stream = ByteBuffer.allocate(run);
        for (long at = offset; bytes.hasRemaining(); at += run) {
            int length = Math.min(run, bytes.remaining());
            plain.clear().put(0, bytes, bytes.position(), length);
            for (int i = length; i < run; i++) {
                plain.put(i, (byte) 0);
            }
            if (target.compress(plain, stream.clear())) {
                target.writeCompressed(at, stream.flip());
            } else {
                image.write(plain.clear().limit(length), at);
            }
            bytes.position(bytes.position() + length);
        }
    }
}
