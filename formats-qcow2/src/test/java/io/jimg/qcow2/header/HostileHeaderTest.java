package io.jimg.qcow2.header;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.nio.ByteBuffer;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/**
 * Whatever bytes a header, a snapshot table or a bitmap directory has, reading it ends in a value within the limits or
 * in an {@link ImageException}.
 */
@Tag("quick")
class HostileHeaderTest {
    /** Some bytes at some offset. */
    record Patch(int offset, byte[] bytes) {}

    @Provide
    Arbitrary<List<Patch>> patches() {
        Arbitrary<Integer> fields = Arbitraries.of(
                4, 8, 16, 20, 24, 32, 36, 40, 48, 56, 60, 64, 72, 80, 88, 96, 100, 104, 112, 116, 120, 128);
        Arbitrary<Integer> offsets = Arbitraries.frequencyOf(
                net.jqwik.api.Tuple.of(4, fields),
                net.jqwik.api.Tuple.of(1, Arbitraries.integers().between(4, 1000)));
        Arbitrary<byte[]> interesting = Arbitraries.of(
                        0L, 1L, 9L, 16L, 512L, 65536L, 1L << 31, 1L << 32, 1L << 62, -1L, -512L)
                .map(value -> ByteBuffer.allocate(8).putLong(value).array());
        Arbitrary<byte[]> small = Arbitraries.integers()
                .between(0, 200)
                .map(value -> ByteBuffer.allocate(4).putInt(value).array());
        Arbitrary<byte[]> any =
                Arbitraries.bytes().array(byte[].class).ofMinSize(1).ofMaxSize(8);
        return Combinators.combine(offsets, Arbitraries.oneOf(interesting, small, any))
                .as(Patch::new)
                .list()
                .ofMinSize(1)
                .ofMaxSize(6);
    }

    @Property(tries = 5000)
    void aHeaderIsWithinTheLimitsOrRefused(@ForAll("patches") List<Patch> patches, @ForAll boolean version2)
            throws Exception {
        ByteBuffer image = ByteBuffer.allocate(2 << 20);
        image.put(sound(version2)).clear();
        for (Patch patch : patches) {
            image.put(patch.offset(), patch.bytes());
        }
        try {
            int length = HeaderParser.firstClusterSize(image.slice(0, HeaderParser.PREFIX_LENGTH), "image");
            assertThat(length).isBetween(512, 2 << 20);
            Header header = HeaderParser.parse(image.slice(0, length), "image");
            assertThat(header.clusterSize()).isEqualTo(length);
            assertThat(header.l1Size()).isBetween(0, HeaderLimits.MAX_L1_BYTES / 8);
            assertThat(header.l1EntriesNeeded()).isLessThanOrEqualTo(header.l1Size());
            assertThat((long) header.refcountTableClusters() * length)
                    .isBetween(1L, (long) HeaderLimits.MAX_REFCOUNT_TABLE_BYTES);
            assertThat(header.snapshotCount()).isBetween(0, HeaderLimits.MAX_SNAPSHOTS);
            assertThat(header.l1TableOffset() % length).isZero();
            assertThat(header.bitmaps() == null || header.bitmaps().count() > 0).isTrue();
            roundTrip(header);
        } catch (ImageException refused) {
            assertThat(refused.getMessage()).isNotBlank();
        }
    }

    /** What was read can be written and read again, but for headers whose parts lay over each other. */
    private static void roundTrip(Header header) throws ImageException {
        if (HeaderWriter.length(header) <= header.clusterSize()) {
            ByteBuffer again = ByteBuffer.allocate(header.clusterSize());
            again.put(HeaderWriter.write(header)).clear();
            assertThat(HeaderParser.parse(again, "again")).isEqualTo(header);
        }
    }

    @Property(tries = 2000)
    void aSnapshotTableIsReadOrRefused(
            @ForAll @Size(max = 400) byte[] bytes, @ForAll @IntRange(max = 5) int count, @ForAll boolean shortTexts)
            throws Exception {
        Header header = HeaderParser.parse(
                        ByteBuffer.allocate(65536).put(sound(false)).clear(), "image")
                .withSnapshots(65536, count);
        if (shortTexts && bytes.length >= 40) {
            ByteBuffer.wrap(bytes)
                    .putShort(12, (short) 3)
                    .putShort(14, (short) 5)
                    .putInt(36, 16);
        }
        try {
            SnapshotTable table = SnapshotTable.parse(ByteBuffer.wrap(bytes), header, "image");
            assertThat(table.entries()).hasSize(count);
            assertThat(table.length()).isLessThanOrEqualTo(SnapshotTable.largestLength(count));
        } catch (ImageException refused) {
            assertThat(refused.kind()).isEqualTo(ErrorKind.LIMIT);
        }
    }

    @Property(tries = 2000)
    void aBitmapDirectoryIsReadOrRefused(@ForAll @Size(max = 200) byte[] bytes, @ForAll boolean plausible)
            throws Exception {
        ByteBuffer extension = ByteBuffer.allocate(24)
                .putInt(2)
                .putInt(0)
                .putLong(bytes.length)
                .putLong(65536);
        ByteBuffer image = ByteBuffer.allocate(65536).put(sound(false)).clear();
        image.putLong(HeaderFields.AUTOCLEAR_FEATURES, 1);
        image.putInt(112, HeaderExtension.BITMAPS).putInt(116, 24).put(120, extension.array());
        Header header = HeaderParser.parse(image, "image");
        if (plausible && bytes.length >= 32) {
            ByteBuffer.wrap(bytes)
                    .putLong(65536)
                    .putInt(1)
                    .putInt(bytes[15] & 3)
                    .put((byte) 1)
                    .put((byte) 16)
                    .putShort((short) (bytes.length % 9))
                    .putInt(0);
        }
        try {
            assertThat(BitmapDirectory.parse(ByteBuffer.wrap(bytes), header, "image")
                            .entries())
                    .hasSize(2);
        } catch (ImageException refused) {
            assertThat(refused.kind()).isEqualTo(ErrorKind.CORRUPT);
        }
    }

    private static byte[] sound(boolean version2) {
        ByteBuffer header = ByteBuffer.allocate(112);
        header.putInt(HeaderFields.MAGIC).putInt(version2 ? 2 : 3).putLong(0).putInt(0);
        header.putInt(16)
                .putLong(1 << 20)
                .putInt(0)
                .putInt(1)
                .putLong(0x30000)
                .putLong(0x10000)
                .putInt(1);
        header.position(HeaderFields.REFCOUNT_ORDER);
        if (!version2) {
            header.putInt(4).putInt(112);
        }
        return header.array();
    }
}
