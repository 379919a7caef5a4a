package io.jimg.qcow2.header;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The header of an image with its extensions. Immutable; what {@link HeaderParser} returns obeys {@link HeaderLimits}.
 *
 * @param version 2 or 3
 * @param clusterBits log2 of the cluster size in bytes, from 9 to 21
 * @param size guest bytes, at least 0; what was parsed is a multiple of 512, rounded down as QEMU does
 * @param cryptMethod how guest data is encrypted
 * @param l1Size entries in the active L1 table
 * @param l1TableOffset host offset of the active L1 table, a multiple of the cluster size; it may lie past the file's
 *     end
 * @param refcountTableOffset host offset of the refcount table, a multiple of the cluster size; it may lie past the
 *     file's end
 * @param refcountTableClusters clusters in the refcount table
 * @param snapshotCount internal snapshots
 * @param snapshotsOffset host offset of the snapshot table, a multiple of the cluster size where there are snapshots
 * @param incompatible incompatible features; none in version 2
 * @param compatible compatible features, unknown ones included; none in version 2
 * @param autoclear autoclear features, unknown ones included; none in version 2
 * @param refcountOrder log2 of the refcount width in bits, from 0 to 6; 4 in version 2
 * @param compressionType how compressed clusters are compressed
 * @param unknownFields the header's bytes after the compression type, up to its length, to be preserved
 * @param extensions all header extensions in their order, the feature name table and unknown ones included
 * @param backing the backing file's name; null for none
 */
public record Header(
        int version,
        int clusterBits,
        long size,
        CryptMethod cryptMethod,
        int l1Size,
        long l1TableOffset,
        long refcountTableOffset,
        int refcountTableClusters,
        int snapshotCount,
        long snapshotsOffset,
        FeatureSet<IncompatibleFeature> incompatible,
        FeatureSet<CompatibleFeature> compatible,
        FeatureSet<AutoclearFeature> autoclear,
        int refcountOrder,
        CompressionType compressionType,
        HeaderBytes unknownFields,
        List<HeaderExtension> extensions,
        @Nullable HeaderBytes backing) {

    /** Copies the list. */
    public Header {
        extensions = List.copyOf(extensions);
    }

    // ---- geometry --------------------------------------------------------------------------------------------------

    /** Bytes in a cluster. */
    public int clusterSize() {
        return 1 << clusterBits;
    }

    /** Whether L2 entries are 16 bytes and have subclusters. */
    public boolean extendedL2() {
        return incompatible.has(IncompatibleFeature.EXTENDED_L2);
    }

    /** Bytes in an L2 entry. */
    public int l2EntrySize() {
        return extendedL2() ? 16 : 8;
    }

    /** Entries in an L2 table. */
    public int l2Entries() {
        return clusterSize() / l2EntrySize();
    }

    /** log2 of {@link #l2Entries()}. */
    public int l2Bits() {
        return clusterBits - (extendedL2() ? 4 : 3);
    }

    /** Subclusters in a cluster: 32, or 1 without extended L2 entries. */
    public int subclustersPerCluster() {
        return extendedL2() ? 32 : 1;
    }

    /** Bytes in a subcluster; the cluster size without extended L2 entries. */
    public int subclusterSize() {
        return clusterSize() / subclustersPerCluster();
    }

    /** Guest bytes that one L2 table maps, a power of two of at most 2^39. */
    public long guestBytesPerL2Table() {
        return 1L << (clusterBits + l2Bits());
    }

    /** L1 entries that the guest's size needs. */
    public long l1EntriesNeeded() {
        return l1EntriesNeeded(size, clusterBits, extendedL2());
    }

    /** L1 entries that a guest of {@code size} bytes needs. */
    public static long l1EntriesNeeded(long size, int clusterBits, boolean extendedL2) {
        int bits = 2 * clusterBits - (extendedL2 ? 4 : 3);
        return (size >>> bits) + ((size & ((1L << bits) - 1)) == 0 ? 0 : 1);
    }

    /** Bits in a refcount. */
    public int refcountBits() {
        return 1 << refcountOrder;
    }

    /** Refcounts in a refcount block. */
    public int refcountsPerBlock() {
        return 1 << refcountBlockBits();
    }

    /** log2 of {@link #refcountsPerBlock()}. */
    public int refcountBlockBits() {
        return clusterBits + 3 - refcountOrder;
    }

    /** The largest refcount, as an unsigned number. */
    public long maxRefcount() {
        return refcountOrder == 6 ? -1L : (1L << refcountBits()) - 1;
    }

    /** Bytes in the header itself, which its extensions follow. */
    public int headerLength() {
        return version == 2
                ? HeaderFields.VERSION_2_LENGTH
                : HeaderFields.COMPRESSION_TYPE + (unknownFields.length() == 0 ? 0 : 1 + unknownFields.length());
    }

    // ---- names and pointers ----------------------------------------------------------------------------------------

    /** The backing file's name, which ends at a zero byte if it holds one; null for none. */
    public @Nullable String backingName() {
        if (backing == null) {
            return null;
        }
        String name = backing.text();
        int end = name.indexOf('\0');
        String stated = end < 0 ? name : name.substring(0, end);
        return stated.isEmpty() ? null : stated;
    }

    /** The backing file's format; null where the header does not say. */
    public @Nullable String backingFormat() {
        return text(HeaderExtension.BACKING_FORMAT);
    }

    /** Whether guest data lies in another file. */
    public boolean hasDataFile() {
        return incompatible.has(IncompatibleFeature.EXTERNAL_DATA_FILE);
    }

    /** The external data file's name; null where the header does not say. */
    public @Nullable String dataFileName() {
        return hasDataFile() ? text(HeaderExtension.DATA_FILE) : null;
    }

    /** Whether the external data file is a valid raw image by itself. */
    public boolean dataFileRaw() {
        return hasDataFile() && autoclear.has(AutoclearFeature.RAW_EXTERNAL_DATA);
    }

    /**
     * Where the bitmap directory is; null where there is none, or where its autoclear bit says that it is not to be
     * trusted.
     */
    public @Nullable BitmapsExtension bitmaps() {
        HeaderExtension extension = extension(HeaderExtension.BITMAPS);
        if (extension == null || !autoclear.has(AutoclearFeature.BITMAPS)) {
            return null;
        }
        var data = extension.data();
        return new BitmapsExtension(data.getInt(0), data.getLong(8), data.getLong(16));
    }

    /** Whether it names a bitmap directory that is not to be trusted, for others wrote to the image meanwhile. */
    public boolean staleBitmaps() {
        return bitmaps() == null && extension(HeaderExtension.BITMAPS) != null;
    }

    /** Where the LUKS header is; null for none. */
    public @Nullable EncryptionPointer encryption() {
        HeaderExtension extension = extension(HeaderExtension.FULL_DISK_ENCRYPTION);
        if (extension == null) {
            return null;
        }
        var data = extension.data();
        return new EncryptionPointer(data.getLong(0), data.getLong(8));
    }

    /** The extension of a type, the last where there are several, as in QEMU; null for none. */
    public @Nullable HeaderExtension extension(int type) {
        HeaderExtension found = null;
        for (HeaderExtension extension : extensions) {
            if (extension.type() == type) {
                found = extension;
            }
        }
        return found;
    }

    private @Nullable String text(int type) {
        HeaderExtension extension = extension(type);
        return extension == null ? null : extension.text();
    }

    // ---- changes ---------------------------------------------------------------------------------------------------

    /** With another active L1 table. */
    public Header withL1Table(long hostOffset, int entries) {
        HeaderDraft draft = new HeaderDraft(this);
        draft.l1Size = entries;
        draft.l1TableOffset = hostOffset;
        return draft.header();
    }

    /** With another refcount table. */
    public Header withRefcountTable(long hostOffset, int clusters) {
        HeaderDraft draft = new HeaderDraft(this);
        draft.refcountTableOffset = hostOffset;
        draft.refcountTableClusters = clusters;
        return draft.header();
    }

    /** With another snapshot table. */
    public Header withSnapshots(long hostOffset, int count) {
        HeaderDraft draft = new HeaderDraft(this);
        draft.snapshotCount = count;
        draft.snapshotsOffset = hostOffset;
        return draft.header();
    }

    /** With another guest size. */
    public Header withSize(long bytes) {
        HeaderDraft draft = new HeaderDraft(this);
        draft.size = bytes;
        return draft.header();
    }

    /** With other incompatible features. */
    public Header withIncompatible(FeatureSet<IncompatibleFeature> features) {
        HeaderDraft draft = new HeaderDraft(this);
        draft.incompatible = features;
        return draft.header();
    }

    /** With other compatible features. */
    public Header withCompatible(FeatureSet<CompatibleFeature> features) {
        HeaderDraft draft = new HeaderDraft(this);
        draft.compatible = features;
        return draft.header();
    }

    /** With other autoclear features. */
    public Header withAutoclear(FeatureSet<AutoclearFeature> features) {
        HeaderDraft draft = new HeaderDraft(this);
        draft.autoclear = features;
        return draft.header();
    }

    /** With other extensions, in that order. */
    public Header withExtensions(List<HeaderExtension> changed) {
        HeaderDraft draft = new HeaderDraft(this);
        draft.extensions = changed;
        return draft.header();
    }

    /**
     * With one extension instead of those of its type: in the first one's place, or behind all others where there was
     * none.
     *
     * @param replacement null to have none of that type
     */
    public Header withExtension(int type, @Nullable HeaderExtension replacement) {
        List<HeaderExtension> changed = new ArrayList<>();
        boolean placed = replacement == null;
        for (HeaderExtension extension : extensions) {
            if (extension.type() != type) {
                changed.add(extension);
            } else if (!placed) {
                changed.add(Objects.requireNonNull(replacement));
                placed = true;
            }
        }
        if (!placed) {
            changed.add(replacement);
        }
        return withExtensions(changed);
    }

    /** With another backing file, or by null names with none. */
    public Header withBacking(@Nullable String name, @Nullable String format) {
        List<HeaderExtension> changed = new ArrayList<>(extensions);
        changed.removeIf(extension -> extension.type() == HeaderExtension.BACKING_FORMAT);
        if (format != null) {
            changed.add(0, HeaderExtension.ofText(HeaderExtension.BACKING_FORMAT, format));
        }
        HeaderDraft draft = new HeaderDraft(this);
        draft.extensions = changed;
        draft.backing = name == null ? null : HeaderBytes.ofText(name);
        return draft.header();
    }

    /** With refcounts of another width; their table must have been written so. */
    public Header withRefcountOrder(int order) {
        HeaderDraft draft = new HeaderDraft(this);
        draft.refcountOrder = order;
        return draft.header();
    }

    /** As one of version 3, if it is none: without any feature, and with their names. */
    public Header asVersion3() {
        if (version >= 3) {
            return this;
        }
        List<HeaderExtension> changed = new ArrayList<>(extensions);
        changed.removeIf(extension -> extension.type() == HeaderExtension.FEATURE_NAMES);
        changed.add(FeatureNameTable.known());
        return ofVersion(
                3,
                HeaderBytes.of(new byte[HeaderFields.VERSION_3_LENGTH - HeaderFields.COMPRESSION_TYPE - 1]),
                changed);
    }

    /** As one of version 2, which has no features, refcounts of 16 bits, and nothing compressed but by zlib. */
    public Header asVersion2() {
        List<HeaderExtension> changed = new ArrayList<>(extensions);
        changed.removeIf(extension -> extension.type() == HeaderExtension.FEATURE_NAMES);
        return ofVersion(2, HeaderBytes.EMPTY, changed);
    }

    private Header ofVersion(int number, HeaderBytes laterFields, List<HeaderExtension> changed) {
        HeaderDraft draft = new HeaderDraft(this);
        draft.version = number;
        draft.incompatible = FeatureSet.none();
        draft.compatible = FeatureSet.none();
        draft.autoclear = FeatureSet.none();
        draft.compressionType = CompressionType.ZLIB;
        draft.unknownFields = laterFields;
        draft.extensions = changed;
        return draft.header();
    }
}
