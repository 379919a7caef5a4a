package io.jimg.crypto;

import java.nio.ByteBuffer;
import java.util.UUID;

/** Identifiers of volumes: RFC 9562, version 4. */
final class Uuids {
    private static final int BYTES = 16;

    private Uuids() {}

    static String random(RandomSource random) {
        byte[] bytes = new byte[BYTES];
        random.fill(bytes);
        bytes[6] = (byte) (bytes[6] & 0x0f | 0x40);
        bytes[8] = (byte) (bytes[8] & 0x3f | 0x80);
        ByteBuffer words = ByteBuffer.wrap(bytes);
        return new UUID(words.getLong(), words.getLong()).toString();
    }
}
