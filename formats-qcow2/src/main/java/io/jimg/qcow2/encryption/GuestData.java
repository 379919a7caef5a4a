package io.jimg.qcow2.encryption;

import io.jimg.crypto.SectorCipher;
import io.jimg.storage.Storage;
import io.jimg.storage.StorageEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The way of guest data to and from its host clusters. Which way it is, is decided when the image is opened. Safe for
 * many threads.
 */
public interface GuestData {

    /** Where the host bytes are. */
    Storage storage();

    /** Tells the storage what is done next. */
    default void about(StorageEvent event) throws IOException {
        storage().about(event);
    }

    /** Whether host bytes are other than the guest's: what is zero on the host is not zero to the guest. */
    boolean encrypted();

    /**
     * Fills a buffer with the guest bytes at {@code guestOffset}, which lie at {@code hostOffset}. Where they are
     * encrypted, whole sectors.
     */
    void read(ByteBuffer destination, long hostOffset, long guestOffset) throws IOException;

    /** Writes the guest bytes at {@code guestOffset} to {@code hostOffset}. Where they are encrypted, whole sectors. */
    void write(ByteBuffer source, long hostOffset, long guestOffset) throws IOException;

    /**
     * The way to a storage.
     *
     * @param cipher null where data is stored as it is
     */
    static GuestData of(Storage storage, @Nullable ImageCipher cipher) {
        return cipher == null ? new Plain(storage) : new Encrypted(storage, cipher);
    }

    /** Data as it is. */
    record Plain(Storage storage) implements GuestData {
        @Override
        public boolean encrypted() {
            return false;
        }

        @Override
        public void read(ByteBuffer destination, long hostOffset, long guestOffset) throws IOException {
            storage.read(destination, hostOffset);
        }

        @Override
        public void write(ByteBuffer source, long hostOffset, long guestOffset) throws IOException {
            storage.write(source, hostOffset);
        }
    }

    /** Data that is encrypted and decrypted on the thread that moves it. */
    record Encrypted(Storage storage, ImageCipher cipher) implements GuestData {
        @Override
        public boolean encrypted() {
            return true;
        }

        @Override
        public void read(ByteBuffer destination, long hostOffset, long guestOffset) throws IOException {
            ByteBuffer taken = destination.duplicate();
            storage.read(destination, hostOffset);
            cipher.sectors().decrypt(taken, cipher.firstSector(hostOffset, guestOffset));
        }

        @Override
        public void write(ByteBuffer source, long hostOffset, long guestOffset) throws IOException {
            int end = source.limit();
            ByteBuffer piece = cipher.takeBuffer();
            try {
                for (int done = 0; source.position() < end; ) {
                    int length = Math.min(piece.capacity(), end - source.position());
                    SectorCipher sectors = cipher.sectors();
                    source.limit(source.position() + length);
                    sectors.encrypt(source, piece.clear(), cipher.firstSector(hostOffset + done, guestOffset + done));
                    source.limit(end);
                    storage.write(piece.flip(), hostOffset + done);
                    done += length;
                }
            } finally {
                cipher.giveBuffer(piece);
            }
        }
    }
}
