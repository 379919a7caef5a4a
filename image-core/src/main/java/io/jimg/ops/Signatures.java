package io.jimg.ops;

import io.jimg.Images;
import io.jimg.graph.Signature;
import io.jimg.spi.ImageFormat;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
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

    /** Signatures that probing does not heed, as QEMU does not: at a file's end, or of a format that has a driver. */
    private static final List<Signature> UNPROBED = List.of(
            // A fixed VHD is a plain disk before a footer; old ones end a byte earlier.
            new Signature("vpc", -SECTOR, "conectix"),
            new Signature("vpc", -SECTOR + 1, "conectix"),
            new Signature("dmg", -SECTOR, "koly"),
            new Signature("luks2", 0, "LUKS\u00ba\u00be\0\2"));

    private static final List<Signature> CONTENT = List.of(
            new Signature("iso9660", 0x8001, "CD001"),
            new Signature("udf", 0x8001, "NSR02"),
            new Signature("udf", 0x8001, "NSR03"),
            new Signature("udf", 0x8001, "BEA01"));

    /** Asks all. */
    static Signatures of(Images images, Storage file) throws IOException {
        ByteBuffer head = head(file);
        List<String> drivers = new ArrayList<>();
        for (ImageFormat format : images.formats()) {
            if (format.probe(head.asReadOnlyBuffer()) == ImageFormat.PROBE_CERTAIN) {
                drivers.add(format.name());
            }
        }
        List<Signature> foreign = new ArrayList<>(Signature.CONTAINERS);
        foreign.addAll(UNPROBED);
        return new Signatures(drivers, standing(foreign, file, drivers), standing(CONTENT, file, List.of()));
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
            if (!besides.contains(name) && !found.contains(name) && signature.standsIn(file)) {
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
