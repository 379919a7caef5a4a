package io.jimg.crypto;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads a header that anybody may have written: every field is checked before it is used, with QEMU's sentences. */
final class LuksHeaderParser {
    private static final int VERSION_OFFSET = 6;

    private final ByteBuffer bytes;
    private final boolean payloadFollows;
    private final List<LuksKeySlot> slots = new ArrayList<>();

    private LuksHeaderParser(ByteBuffer bytes, boolean payloadFollows) {
        this.bytes = bytes;
        this.payloadFollows = payloadFollows;
    }

    /**
     * Reads a header.
     *
     * @param bytes {@link LuksHeader#LENGTH} bytes
     * @param payloadFollows whether the payload lies behind the header, in the same file
     */
    static LuksHeader parse(ByteBuffer bytes, boolean payloadFollows) throws ImageException {
        return new LuksHeaderParser(bytes.slice(), payloadFollows).parse();
    }

    private LuksHeader parse() throws ImageException {
        if (!LuksHeader.magicAt(bytes)) {
            throw new ImageException(ErrorKind.INVALID_FORMAT, "Volume is not in LUKS format");
        }
        bytes.position(VERSION_OFFSET);
        int version = Short.toUnsignedInt(bytes.getShort());
        if (version != LuksHeader.VERSION) {
            throw new ImageException(ErrorKind.UNSUPPORTED, "LUKS version " + version + " is not supported");
        }
        String family = text("cipher name");
        String mode = text("cipher mode");
        String hash = text("hash spec");
        long payload = unsignedSectors();
        long keyLength = Integer.toUnsignedLong(bytes.getInt());
        LuksHeader.MasterKeyDigest digest = new LuksHeader.MasterKeyDigest(
                take(LuksHeader.DIGEST_LENGTH), take(LuksKeySlot.SALT_LENGTH), Integer.toUnsignedLong(bytes.getInt()));
        String uuid = untilNul(take(LuksHeader.UUID_LENGTH));
        if (payloadFollows && payload < LuksHeader.ALIGNMENT) {
            throw damaged("LUKS payload is overlapping with the header");
        }
        if (digest.iterations() == 0) {
            throw damaged("LUKS key iteration count is zero");
        }
        long material = roundUp(keyLength * LuksKeySlot.STRIPES, SectorCipher.SECTOR);
        for (int i = 0; i < LuksHeader.SLOTS; i++) {
            slots.add(slot(i, material, payload));
        }
        checkOverlaps(material);
        CipherSpec cipher = cipher(family, mode, keyLength);
        return new LuksHeader(cipher, hash(hash), payload, digest, uuid, slots);
    }

    private LuksKeySlot slot(int index, long material, long payload) throws ImageException {
        int state = bytes.getInt();
        LuksKeySlot slot = new LuksKeySlot(
                state == LuksHeader.SLOT_ACTIVE,
                Integer.toUnsignedLong(bytes.getInt()),
                take(LuksKeySlot.SALT_LENGTH),
                unsignedSectors());
        long stripes = Integer.toUnsignedLong(bytes.getInt());
        if (stripes != LuksKeySlot.STRIPES) {
            throw damaged(
                    "Keyslot " + index + " is corrupted (stripes " + stripes + " != " + LuksKeySlot.STRIPES + ")");
        }
        if (slot.keyOffset() < LuksHeader.ALIGNMENT) {
            throw damaged("Keyslot " + index + " is overlapping with the LUKS header");
        }
        if (!slot.active() && state != LuksHeader.SLOT_INACTIVE) {
            throw damaged("Keyslot " + index + " state (active/disable) is corrupted");
        }
        if (slot.active() && slot.iterations() == 0) {
            throw damaged("Keyslot " + index + " iteration count is zero");
        }
        if (payloadFollows && slot.keyOffset() + material > payload) {
            throw damaged("Keyslot " + index + " is overlapping with the encrypted payload");
        }
        return slot;
    }

    private void checkOverlaps(long material) throws ImageException {
        for (int i = 0; i < slots.size(); i++) {
            long first = slots.get(i).keyOffset();
            for (int j = i + 1; j < slots.size(); j++) {
                long second = slots.get(j).keyOffset();
                if (first < second + material && second < first + material) {
                    throw damaged("Keyslots " + i + " and " + j + " are overlapping in the header");
                }
            }
        }
    }

    private static CipherSpec cipher(String family, String text, long keyLength) throws ImageException {
        int dash = text.indexOf('-');
        if (dash < 0) {
            throw unsupported("Unexpected cipher mode string format '" + text + "'");
        }
        CipherMode mode = mode(text.substring(0, dash));
        int colon = text.indexOf(':', dash);
        IvGenerator generator = ivGenerator(text.substring(dash + 1, colon < 0 ? text.length() : colon));
        @Nullable HashAlgorithm ivHash = colon < 0 ? null : hash(text.substring(colon + 1));
        if (keyLength % mode.keys() != 0) {
            throw unsupported("XTS cipher key length should be a multiple of 2");
        }
        CipherAlgorithm algorithm = CipherAlgorithm.find(family, (int) Math.min(keyLength / mode.keys(), 1 << 10));
        if (algorithm == null) {
            throw unsupported(
                    "Algorithm '" + family + "' with key size " + keyLength / mode.keys() + " bytes not supported");
        }
        if (generator == IvGenerator.ESSIV && ivHash == null) {
            throw unsupported("Missing IV generator hash specification");
        }
        CipherSpec cipher = new CipherSpec(algorithm, mode, generator, ivHash);
        cipher.check();
        return cipher;
    }

    private static CipherMode mode(String text) throws ImageException {
        for (CipherMode each : CipherMode.values()) {
            if (each.text().equals(text)) {
                return each;
            }
        }
        throw unsupported("Cipher mode '" + text + "' not supported");
    }

    private static IvGenerator ivGenerator(String text) throws ImageException {
        for (IvGenerator each : IvGenerator.values()) {
            if (each.text().equals(text)) {
                return each;
            }
        }
        throw unsupported("IV generator '" + text + "' not supported");
    }

    private static HashAlgorithm hash(String text) throws ImageException {
        for (HashAlgorithm each : HashAlgorithm.values()) {
            if (each.text().equals(text)) {
                return each;
            }
        }
        throw unsupported("Hash algorithm '" + text + "' not supported");
    }

    private String text(String field) throws ImageException {
        byte[] raw = take(LuksHeader.NAME_LENGTH);
        for (byte each : raw) {
            if (each == 0) {
                return untilNul(raw);
            }
        }
        throw damaged("LUKS header " + field + " is not NUL terminated");
    }

    private static String untilNul(byte[] raw) {
        int end = 0;
        while (end < raw.length && raw[end] != 0) {
            end++;
        }
        return new String(raw, 0, end, StandardCharsets.ISO_8859_1);
    }

    private byte[] take(int length) {
        byte[] taken = new byte[length];
        bytes.get(taken);
        return taken;
    }

    private long unsignedSectors() {
        return Integer.toUnsignedLong(bytes.getInt()) * SectorCipher.SECTOR;
    }

    static long roundUp(long value, int unit) {
        return (value + unit - 1) / unit * unit;
    }

    private static ImageException damaged(String sentence) {
        return new ImageException(ErrorKind.CORRUPT, sentence);
    }

    private static ImageException unsupported(String sentence) {
        return new ImageException(ErrorKind.UNSUPPORTED, sentence);
    }
}
