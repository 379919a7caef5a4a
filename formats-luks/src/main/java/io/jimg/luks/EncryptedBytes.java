package io.jimg.luks;

import io.jimg.crypto.SectorCipher;
import io.jimg.spi.AlignedBuffers;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * The payload in its file: bytes are encrypted on their way there and decrypted on their way back, on the thread that
 * moves them. Safe for many threads.
 */
final class EncryptedBytes implements AutoCloseable {
    /** Bytes encrypted at a time: no caller's buffer is changed. */
    private static final int PIECE = 256 << 10;

    private static final int ADDRESS_ALIGNMENT = 4096;

    private final Storage file;
    private final long payloadOffset;
    private final SectorCipher cipher;
    private final ConcurrentLinkedQueue<ByteBuffer> idle = new ConcurrentLinkedQueue<>();

    EncryptedBytes(Storage file, long payloadOffset, SectorCipher cipher) {
        this.file = file;
        this.payloadOffset = payloadOffset;
        this.cipher = cipher;
    }

    /** Fills the buffer, in whole sectors. */
    void read(ByteBuffer destination, long guestOffset) throws IOException {
        ByteBuffer taken = destination.duplicate();
        file.read(destination, payloadOffset + guestOffset);
        cipher.decrypt(taken, guestOffset / SectorCipher.SECTOR);
    }

    /** Writes the buffer, in whole sectors. */
    void write(ByteBuffer source, long guestOffset) throws IOException {
        ByteBuffer spare = idle.poll();
        ByteBuffer piece = spare == null ? AlignedBuffers.allocate(PIECE, ADDRESS_ALIGNMENT) : spare;
        int end = source.limit();
        long at = guestOffset;
        while (source.position() < end) {
            int length = Math.min(PIECE, end - source.position());
            source.limit(source.position() + length);
            cipher.encrypt(source, piece.clear(), at / SectorCipher.SECTOR);
            source.limit(end);
            file.write(piece.flip(), payloadOffset + at);
            at += length;
        }
        idle.add(piece);
    }

    @Override
    public void close() {
        cipher.close();
    }
}
