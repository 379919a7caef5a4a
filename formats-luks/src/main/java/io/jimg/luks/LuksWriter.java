package io.jimg.luks;

import io.jimg.crypto.SectorCipher;
import io.jimg.spi.ImageWriter;
import io.jimg.spi.Zeroes;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A volume in the making. Zeroes have to be encrypted and written like anything else, for what was never written reads
 * as noise.
 */
final class LuksWriter implements ImageWriter {
    private static final int PIECE = 1 << 20;

    private final Storage file;
    private final Storage header;
    private final EncryptedBytes bytes;
    private final long payloadOffset;
    private final long size;
    /** All before it is written. */
    private long guestOffset;

    /**
     * A writer.
     *
     * @param file as long as the volume will be
     * @param header what goes to the file's start at the end
     * @param cipher closed with the writer
     */
    LuksWriter(Storage file, Storage header, SectorCipher cipher, long payloadOffset, long size) {
        this.file = file;
        this.header = header;
        this.bytes = new EncryptedBytes(file, payloadOffset, cipher);
        this.payloadOffset = payloadOffset;
        this.size = (size + SectorCipher.SECTOR - 1) & -SectorCipher.SECTOR;
    }

    @Override
    public int alignment() {
        return Math.max(SectorCipher.SECTOR, file.limits().requestAlignment());
    }

    @Override
    public Placement data(long offset, ByteBuffer source) throws IOException {
        zeroUpTo(offset);
        guestOffset = offset + source.remaining();
        return () -> bytes.write(source, offset);
    }

    @Override
    public void zero(long offset, long length) throws IOException {
        zeroUpTo(offset + length);
    }

    private void zeroUpTo(long offset) throws IOException {
        long from = guestOffset;
        if (offset > from) {
            guestOffset = offset;
            Zeroes.write(offset - from, (zeroes, at) -> bytes.write(zeroes, from + at));
        }
    }

    @Override
    public void finish() throws IOException {
        zeroUpTo(size);
        file.flush();
        for (long at = 0; at < payloadOffset; at += PIECE) {
            ByteBuffer piece = ByteBuffer.allocate((int) Math.min(PIECE, payloadOffset - at));
            header.read(piece, at);
            file.write(piece.flip(), at);
        }
        file.flush();
    }

    @Override
    public void close() throws IOException {
        try (file) {
            bytes.close();
        }
    }
}
