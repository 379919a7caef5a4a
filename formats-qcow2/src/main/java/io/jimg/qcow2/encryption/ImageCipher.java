package io.jimg.qcow2.encryption;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.OpenLimits;
import io.jimg.Options;
import io.jimg.Secrets;
import io.jimg.crypto.CipherSpec;
import io.jimg.crypto.LuksVolume;
import io.jimg.crypto.SectorCipher;
import io.jimg.qcow2.Qcow2;
import io.jimg.qcow2.header.CryptMethod;
import io.jimg.qcow2.header.EncryptionPointer;
import io.jimg.qcow2.header.Header;
import io.jimg.spi.AlignedBuffers;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * An image's key at work. With LUKS a sector's IV comes from where it lies on the host, so that a cluster that moves is
 * encrypted again; with the old method AES from where the guest sees it. Safe for many threads.
 */
public final class ImageCipher implements AutoCloseable {
    private static final int PIECE = 256 << 10;
    private static final int ADDRESS_ALIGNMENT = 4096;

    private final SectorCipher sectors;
    private final boolean byHostOffset;
    private final ConcurrentLinkedQueue<ByteBuffer> idle = new ConcurrentLinkedQueue<>();

    private ImageCipher(SectorCipher sectors, boolean byHostOffset) {
        this.sectors = sectors;
        this.byHostOffset = byHostOffset;
    }

    /** The cipher of a LUKS header's master key; it belongs to the new object. */
    static ImageCipher luks(SectorCipher sectors) {
        return new ImageCipher(sectors, true);
    }

    /** The old method: the passphrase's first bytes are the key, filled up with zeroes. */
    static ImageCipher legacy(byte[] passphrase) throws ImageException {
        byte[] key = Arrays.copyOf(passphrase, CipherSpec.LEGACY.keyLength());
        try {
            return new ImageCipher(new SectorCipher(CipherSpec.LEGACY, key), false);
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }

    /**
     * Unlocks an image.
     *
     * @param keyWanted whether guest data will be moved; without it a LUKS header is only checked
     * @param limits of the work that a key may take
     * @return null where the image is not encrypted or no key is wanted
     * @throws ImageException {@link ErrorKind#SECRET} where the passphrase is missing or wrong
     */
    public static @Nullable ImageCipher open(
            Storage file, Header header, Options options, Secrets secrets, boolean keyWanted, OpenLimits limits)
            throws IOException {
        if (header.cryptMethod() == CryptMethod.NONE) {
            return null;
        }
        LuksVolume volume = header.cryptMethod() == CryptMethod.LUKS ? luksHeader(file, header) : null;
        if (!keyWanted) {
            return null;
        }
        if (header.size() % SectorCipher.SECTOR != 0) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED, "An encrypted disk of " + header.size() + " bytes has no whole sectors");
        }
        if (volume != null) {
            limits.checkKeyIterations(volume.iterations(), file.name());
        }
        byte[] passphrase = Qcow2.LUKS.passphrase(options, secrets);
        try {
            return volume == null ? legacy(passphrase) : luks(volume.unlockPayload(passphrase));
        } finally {
            Arrays.fill(passphrase, (byte) 0);
        }
    }

    /** The LUKS header inside an image that has one. */
    public static LuksVolume luksHeader(Storage file, Header header) throws IOException {
        EncryptionPointer pointer = Objects.requireNonNull(header.encryption(), "the parser demands it with LUKS");
        return LuksVolume.open(file, pointer.hostOffset(), false);
    }

    SectorCipher sectors() {
        return sectors;
    }

    long firstSector(long hostOffset, long guestOffset) {
        return (byHostOffset ? hostOffset : guestOffset) / SectorCipher.SECTOR;
    }

    ByteBuffer takeBuffer() {
        ByteBuffer spare = idle.poll();
        return spare == null ? AlignedBuffers.allocate(PIECE, ADDRESS_ALIGNMENT) : spare;
    }

    void giveBuffer(ByteBuffer buffer) {
        idle.add(buffer);
    }

    /** Overwrites the key. */
    @Override
    public void close() {
        sectors.close();
    }
}
