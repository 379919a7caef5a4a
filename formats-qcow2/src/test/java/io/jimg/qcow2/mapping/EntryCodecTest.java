package io.jimg.qcow2.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class EntryCodecTest {
    private static final EntryCodec STANDARD = codec(16, false, 3);
    private static final EntryCodec EXTENDED = codec(16, true, 3);

    @Property(tries = 500)
    void compressedEntriesTellWhereTheirSectorsAre(
            @ForAll @IntRange(min = 9, max = 21) int clusterBits,
            @ForAll @LongRange(min = 1, max = (1L << 47) - 1) long offset,
            @ForAll @IntRange(min = 1, max = (2 << 20) - 1) int length) {
        EntryCodec codec = codec(clusterBits, false, 3);
        int stream = Math.min(length, (1 << clusterBits) - 1);
        long entry = codec.compressedEntry(offset, stream);
        assertThat(codec.compressed(entry)).isTrue();
        assertThat(codec.owned(entry)).isFalse();
        assertThat(codec.streamOffset(entry)).isEqualTo(offset);
        int limit = codec.streamLimit(entry);
        assertThat(limit).isBetween(stream, stream + 511);
        assertThat((offset + limit) % 512).isZero();
        assertThat(codec.kind(entry, 0, 0)).isEqualTo(RunKind.COMPRESSED);
    }

    @Test
    void standardEntriesHaveOneKind() {
        assertThat(STANDARD.kind(0, 0, 0)).isEqualTo(RunKind.UNALLOCATED);
        assertThat(STANDARD.kind(1, 0, 0)).isEqualTo(RunKind.ZERO);
        assertThat(STANDARD.kind(0x50001, 0, 0)).isEqualTo(RunKind.ZERO_RESERVED);
        assertThat(STANDARD.kind(STANDARD.dataEntry(0x50000), 0, 0)).isEqualTo(RunKind.DATA);
        assertThat(STANDARD.hostOffset(STANDARD.dataEntry(0x50000))).isEqualTo(0x50000);
        assertThat(STANDARD.hostOffset(0)).isEqualTo(Run.NOWHERE);
        assertThat(STANDARD.defect(STANDARD.dataEntry(0x50000), 0, 0)).isNull();
    }

    @Test
    void subclustersHaveAKindEach() {
        long entry = EXTENDED.dataEntry(0x50000);
        long bitmap = EntryCodec.allocatedBit(0) | EntryCodec.zeroBit(1);
        assertThat(EXTENDED.kind(entry, bitmap, 0)).isEqualTo(RunKind.DATA);
        assertThat(EXTENDED.kind(entry, bitmap, 1)).isEqualTo(RunKind.ZERO_RESERVED);
        assertThat(EXTENDED.kind(entry, bitmap, 2)).isEqualTo(RunKind.UNALLOCATED_RESERVED);
        assertThat(EXTENDED.kind(0, EntryCodec.zeroBit(31), 31)).isEqualTo(RunKind.ZERO);
        assertThat(EXTENDED.kind(0, EntryCodec.zeroBit(31), 30)).isEqualTo(RunKind.UNALLOCATED);
        assertThat(EXTENDED.defect(entry, bitmap, 0)).isNull();
    }

    @Test
    void offsetZeroIsAPlaceInADataFileAlone() {
        EntryCodec external = new EntryCodec(new Geometry(16, false, 4), 3, true);
        long entry = external.dataEntry(0);
        assertThat(external.kind(entry, 0, 0)).isEqualTo(RunKind.DATA);
        assertThat(external.hostOffset(entry)).isZero();
        assertThat(STANDARD.kind(entry, 0, 0)).isEqualTo(RunKind.UNALLOCATED);
    }

    @Test
    void whatNoSoundImageHasIsRefused() {
        assertCorrupt(STANDARD, 0x50200, 0, "Cluster allocation offset 0x50200 unaligned");
        assertCorrupt(codec(16, false, 2), 1, 0, "Zero cluster entry found in pre-v3 image");
        assertCorrupt(EXTENDED, 0x50000, 1L << 32 | 1, "Invalid cluster entry found");
        assertCorrupt(EXTENDED, 0, 1, "Invalid cluster entry found");
        EntryCodec external = new EntryCodec(new Geometry(16, false, 4), 3, true);
        assertCorrupt(external, 1L << 62, 0, "Compressed cluster entry found in image with external data file");
        assertCorrupt(external, 0x50000, 0, "External data file host cluster offset 0x50000 does not match");
    }

    @Test
    void masksOfSubclustersIncludeAllOfThem() {
        assertThat(EntryCodec.subclusterMask(0, 32)).isEqualTo(0xffff_ffffL);
        assertThat(EntryCodec.subclusterMask(31, 32)).isEqualTo(0x8000_0000L);
        assertThat(EntryCodec.subclusterMask(3, 5)).isEqualTo(0x18);
    }

    private static void assertCorrupt(EntryCodec codec, long entry, long bitmap, String sentence) {
        assertThat(codec.defect(entry, bitmap, 0)).startsWith(sentence);
    }

    private static EntryCodec codec(int clusterBits, boolean extended, int version) {
        return new EntryCodec(new Geometry(clusterBits, extended, 4), version, false);
    }
}
