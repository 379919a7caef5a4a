package io.jimg.crypto;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A LUKS header where it lies, with the key material that belongs to it. Whoever holds one keeps others from changing
 * the header meanwhile. Changed by one thread at a time; the header can be looked at by others.
 */
public final class LuksVolume {
    private static final int HEAD = 512;

    private final Storage file;
    private final long start;
    private final boolean payloadFollows;
    private volatile LuksHeader header;

    private LuksVolume(Storage file, long start, boolean payloadFollows, LuksHeader header) {
        this.file = file;
        this.start = start;
        this.payloadFollows = payloadFollows;
        this.header = header;
    }

    /**
     * Reads and checks a header.
     *
     * @param file where it lies; stays the caller's
     * @param start its first byte there
     * @param payloadFollows whether the payload lies behind it; false where the header is detached or inside another
     *     format
     * @throws ImageException {@link ErrorKind#INVALID_FORMAT}, {@link ErrorKind#UNSUPPORTED} or
     *     {@link ErrorKind#CORRUPT}, with QEMU's sentence
     */
    public static LuksVolume open(Storage file, long start, boolean payloadFollows) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(LuksHeader.LENGTH);
        file.read(bytes, start);
        return new LuksVolume(file, start, payloadFollows, LuksHeaderParser.parse(bytes.flip(), payloadFollows));
    }

    /** Reads the header anew, for a change of it has failed midway. Where that fails too, what was known stays. */
    void reload() throws IOException {
        header = open(file, start, payloadFollows).header;
    }

    /** Bytes from a new header's start to its payload. */
    public static long headerLength(CipherSpec cipher) {
        return LuksHeader.ALIGNMENT + LuksHeader.SLOTS * slotLength(cipher);
    }

    private static long slotLength(CipherSpec cipher) {
        return LuksHeaderParser.roundUp((long) cipher.keyLength() * LuksKeySlot.STRIPES, LuksHeader.ALIGNMENT);
    }

    /**
     * Makes a new volume's header, with a fresh master key under one passphrase, and writes it. Flushes nothing.
     *
     * @param passphrase stays the caller's
     * @return the cipher of the payload, which the caller closes
     */
    public static SectorCipher create(
            Storage file, long start, LuksParameters parameters, byte[] passphrase, LuksEntropy entropy)
            throws IOException {
        CipherSpec cipher = parameters.cipher();
        cipher.check();
        byte[] key = new byte[cipher.keyLength()];
        try {
            entropy.random().fill(key);
            byte[] salt = new byte[LuksKeySlot.SALT_LENGTH];
            entropy.random().fill(salt);
            HashAlgorithm hash = parameters.hash();
            long iterations = KeyDerivation.iterations(
                    entropy, hash, LuksHeader.DIGEST_LENGTH, parameters.iterationTime(), LuksHeader.SLOTS);
            byte[] digest = Pbkdf2.derive(hash, key, salt, iterations, LuksHeader.DIGEST_LENGTH);
            List<LuksKeySlot> slots = new ArrayList<>();
            for (int i = 0; i < LuksHeader.SLOTS; i++) {
                slots.add(LuksKeySlot.unused(LuksHeader.ALIGNMENT + i * slotLength(cipher)));
            }
            LuksHeader header = new LuksHeader(
                    cipher,
                    hash,
                    headerLength(cipher),
                    new LuksHeader.MasterKeyDigest(digest, salt, iterations),
                    Uuids.random(entropy.random()),
                    slots);
            LuksVolume volume = new LuksVolume(file, start, false, header);
            LuksHeader filled = volume.fillSlot(0, volume.seal(key, passphrase, parameters.iterationTime(), entropy));
            file.write(filled.bytes(), start);
            return new SectorCipher(cipher, key);
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }

    /** The header as it is now. */
    public LuksHeader header() {
        return header;
    }

    /**
     * Finds the master key.
     *
     * @param passphrase stays the caller's
     * @return the key, which the caller overwrites after use
     * @throws ImageException {@link ErrorKind#SECRET} where no slot opens, {@link ErrorKind#LIMIT} where trying would
     *     take absurdly long, {@link ErrorKind#CANCELLED} soon after the thread was interrupted
     */
    public byte[] unlock(byte[] passphrase) throws IOException {
        checkWork();
        for (int i = 0; i < LuksHeader.SLOTS; i++) {
            byte[] key = unlockSlot(i, passphrase);
            if (key != null) {
                return key;
            }
        }
        throw new ImageException(ErrorKind.SECRET, "Invalid password, cannot unlock any keyslot");
    }

    /** As {@link #unlock}, as a cipher for the payload. */
    public SectorCipher unlockPayload(byte[] passphrase) throws IOException {
        byte[] key = unlock(passphrase);
        try {
            return new SectorCipher(header.cipher(), key);
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }

    /** Iterations of PBKDF2 that it takes to find that a passphrase opens no slot. */
    public long iterations() {
        long iterations = 0;
        for (LuksKeySlot slot : header.slots()) {
            if (slot.active()) {
                iterations += slot.iterations() + header.digest().iterations();
            }
        }
        return iterations;
    }

    /** Refuses a header that would keep us busy for hours. */
    private void checkWork() throws ImageException {
        long iterations = iterations();
        if (iterations > KeyDerivation.MOST_ITERATIONS) {
            throw KeyDerivation.tooMany(iterations);
        }
    }

    /** The master key, where that slot is active and opens with that passphrase; null where it does not. */
    byte @Nullable [] unlockSlot(int index, byte[] passphrase) throws IOException {
        LuksKeySlot slot = header.slots().get(index);
        if (!slot.active()) {
            return null;
        }
        CipherSpec cipher = header.cipher();
        byte[] derived = Pbkdf2.derive(header.hash(), passphrase, slot.salt(), slot.iterations(), cipher.keyLength());
        byte[] material = new byte[paddedMaterial()];
        try (SectorCipher sectors = new SectorCipher(cipher, derived)) {
            file.read(ByteBuffer.wrap(material), start + slot.keyOffset());
            sectors.decrypt(ByteBuffer.wrap(material), 0);
            byte[] key = AntiForensic.merge(header.hash(), material, cipher.keyLength(), LuksKeySlot.STRIPES);
            if (isMasterKey(key)) {
                return key;
            }
            Arrays.fill(key, (byte) 0);
            return null;
        } finally {
            Arrays.fill(derived, (byte) 0);
            Arrays.fill(material, (byte) 0);
        }
    }

    private boolean isMasterKey(byte[] key) throws ImageException {
        LuksHeader.MasterKeyDigest digest = header.digest();
        byte[] found = Pbkdf2.derive(header.hash(), key, digest.salt(), digest.iterations(), LuksHeader.DIGEST_LENGTH);
        return MessageDigest.isEqual(found, digest.bytes());
    }

    /**
     * The master key under a passphrase, as any slot can hold it.
     *
     * @param material the key material, encrypted
     */
    @SuppressWarnings("ArrayRecordComponent") // bytes for the disk, compared nowhere
    record SealedKey(long iterations, byte[] salt, byte[] material) {}

    /** Puts the master key under a passphrase. */
    SealedKey seal(byte[] key, byte[] passphrase, long iterationTime, LuksEntropy entropy) throws IOException {
        CipherSpec cipher = header.cipher();
        byte[] salt = new byte[LuksKeySlot.SALT_LENGTH];
        entropy.random().fill(salt);
        long iterations = KeyDerivation.iterations(entropy, header.hash(), cipher.keyLength(), iterationTime, 1);
        byte[] derived = Pbkdf2.derive(header.hash(), passphrase, salt, iterations, cipher.keyLength());
        byte[] split = AntiForensic.split(header.hash(), key, LuksKeySlot.STRIPES, entropy.random());
        byte[] material = Arrays.copyOf(split, paddedMaterial());
        try (SectorCipher sectors = new SectorCipher(cipher, derived)) {
            sectors.encrypt(ByteBuffer.wrap(material), ByteBuffer.wrap(material), 0);
        } finally {
            Arrays.fill(derived, (byte) 0);
            Arrays.fill(split, (byte) 0);
        }
        return new SealedKey(iterations, salt, material);
    }

    /**
     * Writes a slot's key material.
     *
     * @return the header with which it becomes valid, for {@link #writeHeader}
     */
    LuksHeader fillSlot(int index, SealedKey key) throws IOException {
        long keyOffset = header.slots().get(index).keyOffset();
        file.write(ByteBuffer.wrap(key.material()), start + keyOffset);
        return header.with(index, new LuksKeySlot(true, key.iterations(), key.salt(), keyOffset));
    }

    /**
     * Overwrites a slot's key material, so that its passphrase opens nothing any more, and then says so in the header.
     */
    void eraseSlot(int index, LuksEntropy entropy) throws IOException {
        eraseSlot(index, LuksKeySlot.unused(header.slots().get(index).keyOffset()), entropy);
    }

    /**
     * As {@link #eraseSlot(int, LuksEntropy)}, for a slot that was in use for a while only.
     *
     * @param slot what the header said of it before
     */
    void eraseSlot(int index, LuksKeySlot slot, LuksEntropy entropy) throws IOException {
        byte[] noise = new byte[paddedMaterial()];
        entropy.random().fill(noise);
        file.write(ByteBuffer.wrap(noise), start + slot.keyOffset());
        file.flush();
        writeHeader(header.with(index, slot));
    }

    /**
     * Writes a header over the old one: the second sector, which holds a part of two slots, before the first, where
     * states are. Only then is it the volume's.
     */
    void writeHeader(LuksHeader changed) throws IOException {
        file.flush();
        ByteBuffer bytes = changed.bytes();
        file.write(bytes.slice(HEAD, LuksHeader.LENGTH - HEAD), start + HEAD);
        file.flush();
        file.write(bytes.slice(0, HEAD), start);
        file.flush();
        header = changed;
    }

    private int paddedMaterial() {
        return (int) LuksHeaderParser.roundUp(header.materialLength(), SectorCipher.SECTOR);
    }
}
