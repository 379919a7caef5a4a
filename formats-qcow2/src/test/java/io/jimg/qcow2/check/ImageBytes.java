package io.jimg.qcow2.check;

import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderParser;
import io.jimg.storage.MemoryStorage;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** A small image in memory whose fields a test can damage. */
final class ImageBytes {
    static final long COPIED = 1L << 63;
    static final long COMPRESSED = 1L << 62;

    private byte[] bytes;

    private ImageBytes(byte[] bytes) {
        this.bytes = bytes;
    }

    static ImageBytes read(Path file) throws IOException {
        return new ImageBytes(Files.readAllBytes(file));
    }

    /** Has the real tools make an image and write to it. */
    static ImageBytes make(QemuOracle oracle, Path folder, String options, String size, String... commands)
            throws IOException {
        Path file = folder.resolve("made.qcow2");
        Files.deleteIfExists(file);
        if (options.isEmpty()) {
            oracle.img("create", "-q", "-f", "qcow2", file, size).expectExit(0);
        } else {
            oracle.img("create", "-q", "-f", "qcow2", "-o", options, file, size).expectExit(0);
        }
        for (String command : commands) {
            if (command.startsWith("snapshot ") || command.startsWith("bitmap ")) {
                String[] words = command.split(" ");
                Object[] arguments = Arrays.copyOf(words, words.length, Object[].class);
                for (int i = 0; i < arguments.length; i++) {
                    if (arguments[i].equals("IMAGE")) {
                        arguments[i] = file;
                    }
                }
                oracle.img(arguments).expectExit(0);
            } else {
                oracle.ioCommands("qcow2", file, command);
            }
        }
        return read(file);
    }

    ImageBytes copy() {
        return new ImageBytes(bytes.clone());
    }

    byte[] bytes() {
        return bytes;
    }

    int length() {
        return bytes.length;
    }

    Header header() throws IOException {
        ByteBuffer first = ByteBuffer.allocate(Math.max(HeaderParser.PREFIX_LENGTH, 1 << clusterBits()));
        first.put(bytes, 0, Math.min(bytes.length, first.capacity())).clear();
        return HeaderParser.parse(first, "image");
    }

    int clusterBits() {
        return (int) get(20, 4);
    }

    int clusterSize() {
        return 1 << clusterBits();
    }

    long get(long at, int width) {
        long value = 0;
        for (int i = 0; i < width; i++) {
            value = value << 8 | bytes[(int) at + i] & 0xFF;
        }
        return value;
    }

    long get(long at) {
        return get(at, 8);
    }

    ImageBytes put(long at, int width, long value) {
        for (int i = 0; i < width; i++) {
            bytes[(int) at + i] = (byte) (value >>> 8 * (width - 1 - i));
        }
        return this;
    }

    ImageBytes put(long at, long value) {
        return put(at, 8, value);
    }

    ImageBytes truncate(int length) {
        bytes = Arrays.copyOf(bytes, length);
        return this;
    }

    /** Where an entry of the active L1 table lies. */
    long l1(int index) {
        return get(40) + 8L * index;
    }

    /** Where a word of the L2 table behind the first L1 entry lies. */
    long l2(int word) {
        return (get(l1(0)) & L2Scan.OFFSET_MASK) + 8L * word;
    }

    /** Where an entry of the refcount table lies. */
    long refcountTable(int index) {
        return get(48) + 8L * index;
    }

    /** Where the 16-bit refcount of a cluster of the first block lies. */
    long refcount(int cluster) {
        return get(refcountTable(0)) + 2L * cluster;
    }

    /** Where the snapshot table lies. */
    long snapshots() {
        return get(64);
    }

    /** Where the data of a header extension lies. */
    long extension(int type) {
        for (long at = get(100, 4); ; at += 8 + (get(at + 4, 4) + 7) / 8 * 8) {
            if ((int) get(at, 4) == type) {
                return at + 8;
            }
            if (get(at, 4) == 0) {
                throw new AssertionError("no such extension");
            }
        }
    }

    MemoryStorage storage() {
        return new MemoryStorage("image", bytes);
    }

    /** What a storage holds. */
    static ImageBytes of(MemoryStorage storage) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) storage.size());
        storage.read(bytes, 0);
        return new ImageBytes(bytes.array());
    }

    Path save(Path file) throws IOException {
        return Files.write(file, bytes);
    }
}
