package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.capability.Bitmaps;
import io.jimg.qcow2.check.Qcow2Check;
import io.jimg.qcow2.image.Qcow2Opener;
import io.jimg.storage.MemoryStorage;
import io.jimg.testkit.KeptStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/**
 * As many bitmaps as an image may have, and one more. The sentences are those of qemu-img 10.0.2, which takes two
 * minutes of a processor for each command on such an image and is therefore not asked here.
 */
class ManyBitmapsTest {
    private static final int MOST = 65_535;
    private static final int CLUSTER = 512;
    private static final int ENTRY = 32;
    private static final int COUNTED_BY_BLOCK = CLUSTER * 8;
    // Header, tables and refcount blocks.
    private static final int MOST_OTHERS = 64;

    @Test
    void oneMoreThanTheMostIsRefused() throws IOException {
        MemoryStorage file = withBitmaps(MOST - 1);
        try (DiskImage image = Opening.forWriting().open(new KeptStorage(file))) {
            Bitmaps bitmaps = image.capability(Bitmaps.class).orElseThrow();
            bitmaps.add("last", 1 << 16, true);
            assertThat(bitmaps.list()).hasSize(MOST);
            assertThatThrownBy(() -> bitmaps.add("more", 1 << 16, true))
                    .hasMessage("Can't make bitmap 'more' persistent in 'image.qcow2':"
                            + " Maximum number of persistent bitmaps is already reached");
            assertThatThrownBy(() -> bitmaps.add("last", 1 << 16, true)).hasMessage("Bitmap already exists: last");
            bitmaps.remove("b00000");
            bitmaps.add("more", 1 << 16, false);
            assertThat(bitmaps.list()).hasSize(MOST);
        }
        assertThat(new Qcow2Check(file, Qcow2Opener.readHeader(file)).run().clean())
                .isTrue();
    }

    @Test
    void anImageWithMoreIsNotOpened() {
        assertThatThrownBy(() -> Opening.readOnly().open(new KeptStorage(withBitmaps(MOST + 1))))
                .hasMessageEndingWith(
                        "bitmaps_ext: Image has 65536 bitmaps, exceeding the QEMU supported maximum of 65535");
    }

    /**
     * An image of 1 MiB without data: header, L1 table, refcounts of one bit, directory, and a table for each bitmap.
     */
    private static MemoryStorage withBitmaps(int count) throws IOException {
        int directoryClusters = count * ENTRY / CLUSTER + 1;
        int blocks = (count + directoryClusters + MOST_OTHERS) / COUNTED_BY_BLOCK + 1;
        int directory = 3 + blocks;
        int clusters = directory + directoryClusters + count;

        ByteBuffer header = ByteBuffer.allocate(3 * CLUSTER);
        header.putInt(0x514649FB).putInt(3).putLong(0).putInt(0).putInt(9).putLong(1 << 20);
        header.putInt(0)
                .putInt(32)
                .putLong(CLUSTER)
                .putLong(2 * CLUSTER)
                .putInt(1)
                .putInt(0)
                .putLong(0);
        header.putLong(0).putLong(0).putLong(1).putInt(0).putInt(104);
        header.putInt(0x23852875).putInt(24);
        header.putInt(count).putInt(0).putLong((long) count * ENTRY).putLong((long) directory * CLUSTER);
        header.position(2 * CLUSTER);
        for (int i = 0; i < blocks; i++) {
            header.putLong((3L + i) * CLUSTER);
        }

        byte[] refcounts = new byte[blocks * CLUSTER];
        for (int i = 0; i < clusters; i++) {
            refcounts[i >> 3] |= (byte) (1 << (i & 7));
        }
        ByteBuffer entries = ByteBuffer.allocate(count * ENTRY);
        for (int i = 0; i < count; i++) {
            entries.position(i * ENTRY);
            entries.putLong((long) (directory + directoryClusters + i) * CLUSTER)
                    .putInt(1);
            entries.putInt(0).put((byte) 1).put((byte) 16).putShort((short) 6).putInt(0);
            entries.put(String.format("b%05d", i).getBytes(StandardCharsets.US_ASCII));
        }
        MemoryStorage file = new MemoryStorage("image.qcow2");
        file.truncate((long) clusters * CLUSTER);
        file.write(header.clear(), 0);
        file.write(ByteBuffer.wrap(refcounts), 3L * CLUSTER);
        file.write(entries.clear(), (long) directory * CLUSTER);
        return file;
    }
}
