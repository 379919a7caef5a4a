package io.jimg.graph;

import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Bytes by which a format is known that has no driver here.
 *
 * @param name the format's name, as QEMU calls it where QEMU has it
 * @param offset where the bytes stand; from the file's end where that is negative
 * @param bytes in ISO 8859-1
 */
public record Signature(String name, long offset, String bytes) {
    /**
     * What a file begins with in a format that QEMU finds by content. Such a file is nobody's plain disk by chance: who
     * opens it for one meant another program to.
     */
    public static final List<Signature> CONTAINERS = List.of(
            new Signature("qcow", 0, "QFI\u00fb\0\0\0\1"),
            new Signature("qed", 0, "QED\0"),
            new Signature("vdi", 0x40, "\u007f\u0010\u00da\u00be"),
            new Signature("vhdx", 0, "vhdxfile"),
            new Signature("vpc", 0, "conectix"),
            new Signature("parallels", 0, "WithoutFreeSpace"),
            new Signature("parallels", 0, "WithouFreSpacExt"),
            new Signature("bochs", 0, "Bochs Virtual HD Image"),
            new Signature("cloop", 0, "#!/bin/sh\n#V2.0 Format\nmodprobe cloop"));

    /** The name of the format that a file with this beginning is in; null where it is none of {@link #CONTAINERS}. */
    static @Nullable String containerOf(ByteBuffer head) {
        for (Signature signature : CONTAINERS) {
            ByteBuffer wanted = signature.buffer();
            int start = head.position() + (int) signature.offset;
            if (start <= head.limit() - wanted.remaining()
                    && head.slice(start, wanted.remaining()).equals(wanted)) {
                return signature.name;
            }
        }
        return null;
    }

    /** Whether it stands in this file. */
    public boolean standsIn(Storage file) throws IOException {
        ByteBuffer wanted = buffer();
        long at = offset < 0 ? file.size() + offset : offset;
        if (at < 0 || at > file.size() - wanted.remaining()) {
            return false;
        }
        ByteBuffer found = ByteBuffer.allocate(wanted.remaining());
        file.read(found, at);
        return found.flip().equals(wanted);
    }

    private ByteBuffer buffer() {
        return ByteBuffer.wrap(bytes.getBytes(StandardCharsets.ISO_8859_1));
    }
}
