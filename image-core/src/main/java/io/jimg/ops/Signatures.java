package io.jimg.ops;

import io.jimg.Images;
import io.jimg.spi.ImageFormat;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Who claims a file: the drivers that are sure of its first bytes, and the formats without a driver whose signature
 * stands where they look for it.
 *
 * @param drivers names of the drivers that are certain
 * @param foreign names of formats that hold a disk in a way of their own, for which there is no driver
 * @param content names of what a plain disk may hold: a file system of a CD
 */
record Signatures(List<String> drivers, List<String> foreign, List<String> content) {
    private static final int SECTOR = 512;

    /** A signature at an offset; from the file's end where that is negative. */
    private record Signature(String name, long offset, byte[] bytes) {
        static Signature of(String name, long offset, String ascii) {
            return new Signature(name, offset, ascii.getBytes(StandardCharsets.ISO_8859_1));
        }

        boolean stands(Storage file) throws IOException {
            long at = offset < 0 ? file.size() + offset : offset;
            if (at < 0 || at > file.size() - bytes.length) {
                return false;
            }
            ByteBuffer found = ByteBuffer.allocate(bytes.length);
            file.read(found, at);
            return found.flip().equals(ByteBuffer.wrap(bytes));
        }
    }

    private static final List<Signature> CONTAINERS = List.of(
            Signature.of("qcow", 0, "QFI\u00fb\0\0\0\1"),
            Signature.of("qed", 0, "QED\0"),
            Signature.of("vdi", 0x40, "\u007f\u0010\u00da\u00be"),
            Signature.of("vhdx", 0, "vhdxfile"),
            Signature.of("vpc", 0, "conectix"),
            // A fixed VHD is a plain disk before a footer; old ones end a byte earlier.
            Signature.of("vpc", -SECTOR, "conectix"),
            Signature.of("vpc", -SECTOR + 1, "conectix"),
            Signature.of("parallels", 0, "WithoutFreeSpace"),
            Signature.of("parallels", 0, "WithouFreSpacExt"),
            Signature.of("bochs", 0, "Bochs Virtual HD Image"),
            Signature.of("cloop", 0, "#!/bin/sh\n#V2.0 Format\nmodprobe cloop"),
            Signature.of("dmg", -SECTOR, "koly"),
            Signature.of("luks2", 0, "LUKS\u00ba\u00be\0\2"));

    private static final List<Signature> CONTENT = List.of(
            Signature.of("iso9660", 0x8001, "CD001"),
            Signature.of("udf", 0x8001, "NSR02"),
            Signature.of("udf", 0x8001, "NSR03"),
            Signature.of("udf", 0x8001, "BEA01"));

    /** Asks all. */
    static Signatures of(Images images, Storage file) throws IOException {
        ByteBuffer head = head(file);
        List<String> drivers = new ArrayList<>();
        for (ImageFormat format : images.formats()) {
            if (format.probe(head.asReadOnlyBuffer()) == ImageFormat.PROBE_CERTAIN) {
                drivers.add(format.name());
            }
        }
        return new Signatures(drivers, standing(CONTAINERS, file, drivers), standing(CONTENT, file, List.of()));
    }

    /** What drivers are asked about: a file's first bytes. */
    static ByteBuffer head(Storage file) throws IOException {
        ByteBuffer head = ByteBuffer.allocate((int) Math.min(ImageFormat.PROBE_LENGTH, file.size()));
        file.read(head, 0);
        return head.flip();
    }

    private static List<String> standing(List<Signature> known, Storage file, List<String> besides) throws IOException {
        List<String> found = new ArrayList<>();
        for (Signature signature : known) {
            String name = signature.name();
            if (!besides.contains(name) && !found.contains(name) && signature.stands(file)) {
                found.add(name);
            }
        }
        return found;
    }

    /** All that claim the file as a disk in a format of their own. */
    List<String> claims() {
        List<String> all = new ArrayList<>(drivers);
        all.addAll(foreign);
        return all;
    }

    /** Names in a sentence. */
    static String words(List<String> names) {
        return String.join(" and ", names).toLowerCase(Locale.ROOT);
    }
}
