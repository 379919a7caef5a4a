package io.jimg.crypto;

import io.jimg.spi.Doc;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The header of a LUKS 1 volume, LUKS On-Disk Format 1.2.3, section 2.2. Immutable; holds no secret. Its offsets are
 * counted in bytes from the header's start.
 */
public final class LuksHeader {
    /** Bytes of a header on the disk. */
    public static final int LENGTH = 592;

    /** How many key slots there are. */
    public static final int SLOTS = 8;

    /** What key material and payload are aligned to in headers that are made here, in bytes. */
    static final int ALIGNMENT = 4096;

    static final int DIGEST_LENGTH = 20;
    static final int MAGIC_LENGTH = 6;
    static final int VERSION = 1;
    static final int NAME_LENGTH = 32;
    static final int UUID_LENGTH = 40;
    static final int SLOT_ACTIVE = 0x00ac71f3;
    static final int SLOT_INACTIVE = 0x0000dead;

    private static final byte[] MAGIC = {'L', 'U', 'K', 'S', (byte) 0xba, (byte) 0xbe};

    private final CipherSpec cipher;
    private final HashAlgorithm hash;
    private final long payloadOffset;
    private final MasterKeyDigest digest;
    private final String uuid;
    private final List<LuksKeySlot> slots;

    /**
     * How a candidate for the master key is recognised.
     *
     * @param bytes PBKDF2 of the key, {@link #DIGEST_LENGTH} bytes
     * @param salt its salt
     * @param iterations its iterations
     */
    @SuppressWarnings("ArrayRecordComponent") // bytes of a header, compared nowhere
    record MasterKeyDigest(byte[] bytes, byte[] salt, long iterations) {}

    LuksHeader(
            CipherSpec cipher,
            HashAlgorithm hash,
            long payloadOffset,
            MasterKeyDigest digest,
            String uuid,
            List<LuksKeySlot> slots) {
        this.cipher = cipher;
        this.hash = hash;
        this.payloadOffset = payloadOffset;
        this.digest = digest;
        this.uuid = uuid;
        this.slots = List.copyOf(slots);
    }

    /** Whether bytes begin as a LUKS header of version 1 does; neither position nor limit changes. */
    public static boolean recognises(ByteBuffer head) {
        return magicAt(head)
                && head.remaining() >= MAGIC_LENGTH + 2
                && head.getShort(head.position() + MAGIC_LENGTH) == VERSION;
    }

    static boolean magicAt(ByteBuffer head) {
        return head.remaining() >= MAGIC_LENGTH
                && head.slice(head.position(), MAGIC_LENGTH).equals(ByteBuffer.wrap(MAGIC));
    }

    /** How sectors are encrypted: the payload's and those of key material. */
    public CipherSpec cipher() {
        return cipher;
    }

    /** The hash of PBKDF2 and of the anti-forensic splitter. */
    public HashAlgorithm hash() {
        return hash;
    }

    /**
     * Where the payload begins; in the file of its own where the header is detached; meaningless inside another format.
     */
    public long payloadOffset() {
        return payloadOffset;
    }

    /** The volume's identifier. */
    public String uuid() {
        return uuid;
    }

    /** The slots, {@link #SLOTS} of them. */
    public List<LuksKeySlot> slots() {
        return slots;
    }

    MasterKeyDigest digest() {
        return digest;
    }

    /** Bytes of a slot's key material, before it is padded to whole sectors. */
    int materialLength() {
        return cipher.keyLength() * LuksKeySlot.STRIPES;
    }

    /** This header with another slot in a place. */
    LuksHeader with(int index, LuksKeySlot slot) {
        List<LuksKeySlot> changed = new ArrayList<>(slots);
        changed.set(index, slot);
        return new LuksHeader(cipher, hash, payloadOffset, digest, uuid, changed);
    }

    /** The header as it stands on the disk: {@link #LENGTH} bytes. */
    public ByteBuffer bytes() {
        ByteBuffer bytes = ByteBuffer.allocate(LENGTH);
        bytes.put(MAGIC).putShort((short) VERSION);
        putText(bytes, cipher.algorithm().family(), NAME_LENGTH);
        putText(bytes, cipher.modeText(), NAME_LENGTH);
        putText(bytes, hash.text(), NAME_LENGTH);
        bytes.putInt((int) (payloadOffset / SectorCipher.SECTOR)).putInt(cipher.keyLength());
        bytes.put(digest.bytes()).put(digest.salt()).putInt((int) digest.iterations());
        putText(bytes, uuid, UUID_LENGTH);
        for (LuksKeySlot slot : slots) {
            bytes.putInt(slot.active() ? SLOT_ACTIVE : SLOT_INACTIVE).putInt((int) slot.iterations());
            bytes.put(slot.salt());
            bytes.putInt((int) (slot.keyOffset() / SectorCipher.SECTOR)).putInt(LuksKeySlot.STRIPES);
        }
        return bytes.flip();
    }

    private static void putText(ByteBuffer bytes, String text, int length) {
        int end = bytes.position() + length;
        bytes.put(text.getBytes(StandardCharsets.US_ASCII));
        while (bytes.position() < end) {
            bytes.put((byte) 0);
        }
    }

    /**
     * What {@code info} says of it, in QEMU's order.
     *
     * @param detached whether it lies in a file of its own
     * @param format how the format around it names it; null where LUKS is the format itself
     */
    public Doc describe(boolean detached, @Nullable String format) {
        HashAlgorithm ivHash = cipher.ivGenerator() == IvGenerator.ESSIV ? cipher.ivHash() : null;
        Doc doc = Doc.create().put("ivgen-alg", cipher.ivGenerator().text());
        doc.put("detached-header", detached);
        doc.put("hash-alg", hash.text())
                .put("cipher-alg", cipher.algorithm().text())
                .put("uuid", uuid)
                .putIfPresent("ivgen-hash-alg", ivHash == null ? null : ivHash.text())
                .putIfPresent("format", format);
        return doc.put("cipher-mode", cipher.mode().text())
                .put("slots", Doc.list(slots, LuksHeader::describe))
                .put("payload-offset", payloadOffset)
                .put("master-key-iters", digest.iterations());
    }

    private static Doc describe(LuksKeySlot slot) {
        Doc doc = Doc.create().put("active", slot.active());
        if (slot.active()) {
            doc.put("iters", slot.iterations());
        }
        doc.put("key-offset", slot.keyOffset());
        if (slot.active()) {
            doc.put("stripes", LuksKeySlot.STRIPES);
        }
        return doc;
    }
}
