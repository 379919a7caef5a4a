package io.jimg.fuzz;

import io.jimg.testdata.GoldenImages;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * A golden image that a target starts from.
 *
 * @param name its file's name
 * @param files its file, and those that belong to it, by name
 */
record Seed(String name, Map<String, byte[]> files) {
    /** The longest golden image that is used; longer ones would make a run slow and teach nothing more. */
    private static final int LONGEST = 1600 << 10;

    /**
     * Golden qcow2 images. An input names its seed by its place in this list: append, and never reorder, or what was
     * found is found no more.
     */
    private static final List<String> QCOW2 = List.of(
            "cluster-512",
            "v2-512",
            "v3",
            "size-0-v2",
            "compressed-zlib-512",
            "cluster-1k",
            "cluster-shared",
            "compressed-zlib-shared-sector",
            "compressed-zstd-shared-sector",
            "compressed-zlib-spans-clusters",
            "cluster-4k",
            "refcount-1",
            "refcount-2",
            "refcount-64",
            "snapshots-512",
            "compressed-zstd-4k",
            "compressed-zlib-512-packed",
            "backing-chain-raw-probe",
            "extl2-16k",
            "extl2-mixed-16k",
            "extl2-backed-16k",
            "extl2-compressed",
            "snapshots-extl2",
            "preallocation-falloc",
            "zero-plain",
            "data-file-extl2",
            "data-file-json",
            "zero-backed",
            "order-random",
            "backing-loop",
            "backing-json",
            "lazy",
            "dirty",
            "encrypted-aes",
            "compressed-zlib-64k",
            "compressed-zlib-v2",
            "snapshots",
            "snapshots-resized",
            "bitmaps",
            "encrypted-luks",
            "snapshots-backed",
            "damage-many",
            "damage-bitmap-in-use",
            "damage-dirty-stale",
            "backing-depth",
            "extension-unknown");

    /** Golden VMDKs; as with {@link #QCOW2}, append only. */
    private static final List<String> VMDK = List.of(
            "qemu-monolithicSparse",
            "qemu-monolithicFlat",
            "qemu-twoGbMaxExtentSparse",
            "qemu-streamOptimized",
            "qemu-zeroed-grain",
            "qemu-child",
            "vmfs",
            "workstation-offset",
            "encoding-gbk",
            "mixed",
            "split",
            "hosted-2",
            "hosted-unclean",
            "hosted-plain",
            "hosted-small-grains",
            "extent-alone",
            "descriptor-inside",
            "stream-footer",
            "stream-version-1",
            "stream-zeroed",
            "child-windows",
            "grandchild",
            "vmfs-sparse",
            "cowd-alone",
            "se-sparse",
            "damaged-table");

    /** The image itself. */
    byte[] image() {
        return Objects.requireNonNull(files.get(name), name);
    }

    /** Golden qcow2 images, some of them damaged. */
    static List<Seed> qcow2() {
        return QCOW2.stream()
                .map(GoldenImages::named)
                .map(image -> load("images/", image.file(), image.companions()))
                .toList();
    }

    /** Golden VMDKs: descriptors, flat and sparse files. */
    static List<Seed> vmdk() {
        Map<String, List<String>> companions = new HashMap<>();
        for (String line : GoldenImages.lines("vmdk/manifest.tsv")) {
            String[] cells = line.split("\t");
            companions.put(cells[0], cells[1].equals("-") ? List.of() : List.of(cells[1].split(",")));
        }
        return VMDK.stream()
                .map(name -> load("vmdk/", name + ".vmdk", companions.getOrDefault(name, List.of())))
                .toList();
    }

    /** Golden LUKS volumes of several ciphers; their key derivation takes a moment at most. */
    static List<Seed> luks() {
        return Stream.of(
                        "serpent-128-cbc-plain64-sha1",
                        "aes-128-ecb-plain64-sm3",
                        "cast5-128-cbc-plain-ripemd160",
                        "twofish-128-ctr-essiv-md5")
                .map(name -> load("luks/", name + ".luks", List.of()))
                .toList();
    }

    private static Seed load(String folder, String name, List<String> companions) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put(name, unpack(folder, name));
        for (String companion : companions) {
            files.put(URLDecoder.decode(companion, StandardCharsets.UTF_8), unpack(folder, companion));
        }
        return new Seed(name, files);
    }

    private static byte[] unpack(String folder, String name) {
        try (InputStream content =
                GoldenImages.unpacked(folder + name.replace('%', '_').replace(":", "_colon_"))) {
            byte[] bytes = content.readNBytes(LONGEST + 1);
            if (bytes.length > LONGEST) {
                throw new IllegalStateException(name + " is too long for a seed");
            }
            return bytes;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
