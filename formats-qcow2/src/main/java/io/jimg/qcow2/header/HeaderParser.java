package io.jimg.qcow2.header;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Bytes to {@link Header}, without input or output. Whatever the bytes, the answer is a header that obeys
 * {@link HeaderLimits}, or an {@link ImageException} with QEMU's sentence; memory is bounded by the first cluster.
 * Offsets of tables are checked for alignment and sign only: like QEMU, a reader of an image takes what lies past the
 * file's end as zeroes.
 */
public final class HeaderParser {
    /** Bytes from the file's start that {@link #firstClusterSize} wants. */
    public static final int PREFIX_LENGTH = 512;

    private static final long SECTOR = 512;

    private final ByteBuffer cluster;
    private final String resource;
    private final boolean damaged;

    private HeaderParser(ByteBuffer cluster, String resource, boolean damaged) {
        this.cluster = cluster;
        this.resource = resource;
        this.damaged = damaged;
    }

    /** Whether bytes begin like an image of version 2 or 3; does not move the buffer's position. */
    public static boolean looksLikeImage(ByteBuffer head) {
        ByteBuffer bytes = head.duplicate().order(ByteOrder.BIG_ENDIAN);
        return bytes.remaining() >= 8 && bytes.getInt() == HeaderFields.MAGIC && bytes.getInt() >= 2;
    }

    /**
     * How many bytes {@link #parse} wants, from the first {@link #PREFIX_LENGTH} bytes of the file (zeroes where it is
     * shorter).
     *
     * @param resource the file's name, for the exception
     * @return the cluster size
     */
    public static int firstClusterSize(ByteBuffer prefix, String resource) throws ImageException {
        HeaderParser parser = new HeaderParser(prefix.duplicate().slice().order(ByteOrder.BIG_ENDIAN), resource, false);
        return 1 << parser.clusterBits();
    }

    /**
     * Reads the header.
     *
     * @param firstCluster the file's first cluster, zeroes where the file is shorter; its position and limit do not
     *     move
     * @param resource the file's name, for the exception
     */
    public static Header parse(ByteBuffer firstCluster, String resource) throws ImageException {
        return new HeaderParser(firstCluster.duplicate().slice().order(ByteOrder.BIG_ENDIAN), resource, false).parse();
    }

    /**
     * Reads the header of an image that is to be checked or repaired. It may say that there is no refcount table, and
     * its snapshot table may lie anywhere and have any number of entries, to be read as unsigned.
     *
     * @param firstCluster the file's first cluster, zeroes where the file is shorter; its position and limit do not
     *     move
     * @param resource the file's name, for the exception
     */
    public static Header parseDamaged(ByteBuffer firstCluster, String resource) throws ImageException {
        return new HeaderParser(firstCluster.duplicate().slice().order(ByteOrder.BIG_ENDIAN), resource, true).parse();
    }

    private int clusterBits() throws ImageException {
        if (cluster.getInt(0) != HeaderFields.MAGIC) {
            throw fail(ErrorKind.INVALID_FORMAT, 0, "Image is not in qcow2 format");
        }
        int version = cluster.getInt(HeaderFields.VERSION);
        if (version != 2 && version != 3) {
            throw fail(
                    ErrorKind.UNSUPPORTED,
                    HeaderFields.VERSION,
                    "Unsupported qcow2 version " + Integer.toUnsignedString(version));
        }
        int clusterBits = cluster.getInt(HeaderFields.CLUSTER_BITS);
        if (clusterBits < HeaderLimits.MIN_CLUSTER_BITS || clusterBits > HeaderLimits.MAX_CLUSTER_BITS) {
            throw fail(
                    ErrorKind.UNSUPPORTED,
                    HeaderFields.CLUSTER_BITS,
                    "Unsupported cluster size: 2^" + Integer.toUnsignedString(clusterBits));
        }
        return clusterBits;
    }

    private Header parse() throws ImageException {
        int clusterBits = clusterBits();
        if (cluster.remaining() < 1 << clusterBits) {
            throw new IllegalArgumentException("the first cluster is " + (1 << clusterBits) + " bytes");
        }
        boolean version3 = cluster.getInt(HeaderFields.VERSION) == 3;
        int headerLength = version3 ? headerLength(clusterBits) : HeaderFields.VERSION_2_LENGTH;
        HeaderBytes backing = backing(clusterBits);
        int extensionsEnd = backing == null ? 1 << clusterBits : (int) cluster.getLong(HeaderFields.BACKING_OFFSET);

        FeatureSet<IncompatibleFeature> incompatible = features(version3, HeaderFields.INCOMPATIBLE_FEATURES);
        FeatureSet<CompatibleFeature> compatible = features(version3, HeaderFields.COMPATIBLE_FEATURES);
        FeatureSet<AutoclearFeature> autoclear = features(version3, HeaderFields.AUTOCLEAR_FEATURES);
        long unknown = incompatible.bits() & ~IncompatibleFeature.KNOWN;
        if (unknown != 0) {
            String names = FeatureNameTable.describe(
                    featureNames(headerLength, extensionsEnd), IncompatibleFeature.DIRTY.maskType(), unknown);
            throw fail(
                    ErrorKind.UNSUPPORTED,
                    HeaderFields.INCOMPATIBLE_FEATURES,
                    "Unsupported qcow2 feature(s): " + names);
        }
        CompressionType compression = compressionType(
                headerLength > HeaderFields.COMPRESSION_TYPE, incompatible.has(IncompatibleFeature.COMPRESSION_TYPE));
        boolean extended = incompatible.has(IncompatibleFeature.EXTENDED_L2);
        if (extended && clusterBits < HeaderLimits.MIN_EXTENDED_CLUSTER_BITS) {
            throw fail(
                    ErrorKind.UNSUPPORTED,
                    HeaderFields.INCOMPATIBLE_FEATURES,
                    "Unsupported subcluster size: " + ((1 << clusterBits) / 32));
        }
        int refcountOrder = version3 ? refcountOrder() : 4;
        CryptMethod crypt = cryptMethod();
        checkTables(clusterBits);
        int l1Size = l1Size(clusterBits, extended);
        List<HeaderExtension> extensions = extensions(headerLength, extensionsEnd);
        checkExtensions(extensions, crypt, clusterBits, autoclear.has(AutoclearFeature.BITMAPS));
        return new Header(
                version3 ? 3 : 2,
                clusterBits,
                cluster.getLong(HeaderFields.SIZE) & -SECTOR,
                crypt,
                l1Size,
                cluster.getLong(HeaderFields.L1_TABLE_OFFSET),
                cluster.getLong(HeaderFields.REFCOUNT_TABLE_OFFSET),
                cluster.getInt(HeaderFields.REFCOUNT_TABLE_CLUSTERS),
                cluster.getInt(HeaderFields.SNAPSHOT_COUNT),
                cluster.getLong(HeaderFields.SNAPSHOTS_OFFSET),
                incompatible,
                compatible,
                autoclear,
                refcountOrder,
                compression,
                unknownFields(headerLength),
                extensions,
                backing);
    }

    private int headerLength(int clusterBits) throws ImageException {
        long length = Integer.toUnsignedLong(cluster.getInt(HeaderFields.HEADER_LENGTH));
        if (length < HeaderFields.COMPRESSION_TYPE) {
            throw fail(ErrorKind.CORRUPT, HeaderFields.HEADER_LENGTH, "qcow2 header too short");
        }
        if (length > 1 << clusterBits) {
            throw fail(ErrorKind.CORRUPT, HeaderFields.HEADER_LENGTH, "qcow2 header exceeds cluster size");
        }
        return (int) length;
    }

    private @Nullable HeaderBytes backing(int clusterBits) throws ImageException {
        long offset = cluster.getLong(HeaderFields.BACKING_OFFSET);
        if (offset == 0) {
            return null;
        }
        int clusterSize = 1 << clusterBits;
        if (offset < 0 || offset > clusterSize) {
            throw fail(ErrorKind.CORRUPT, HeaderFields.BACKING_OFFSET, "Invalid backing file offset");
        }
        long length = Integer.toUnsignedLong(cluster.getInt(HeaderFields.BACKING_SIZE));
        if (length > Math.min(HeaderLimits.MAX_BACKING_NAME, clusterSize - offset)) {
            throw fail(ErrorKind.CORRUPT, HeaderFields.BACKING_SIZE, "Backing file name too long");
        }
        byte[] name = new byte[(int) length];
        cluster.get((int) offset, name);
        return HeaderBytes.of(name);
    }

    private <F extends Feature> FeatureSet<F> features(boolean version3, int field) {
        return version3 ? new FeatureSet<>(cluster.getLong(field)) : FeatureSet.none();
    }

    private CompressionType compressionType(boolean present, boolean bit) throws ImageException {
        int number = present ? cluster.get(HeaderFields.COMPRESSION_TYPE) & 0xFF : 0;
        if (number >= CompressionType.values().length) {
            throw fail(
                    ErrorKind.UNSUPPORTED, HeaderFields.COMPRESSION_TYPE, "qcow2: unknown compression type: " + number);
        }
        if (bit != (number != 0)) {
            throw fail(
                    ErrorKind.CORRUPT,
                    HeaderFields.INCOMPATIBLE_FEATURES,
                    "qcow2: Compression type incompatible feature bit must " + (bit ? "not be set" : "be set"));
        }
        return CompressionType.values()[number];
    }

    private int refcountOrder() throws ImageException {
        int order = cluster.getInt(HeaderFields.REFCOUNT_ORDER);
        if (order < 0 || order > HeaderLimits.MAX_REFCOUNT_ORDER) {
            throw fail(
                    ErrorKind.UNSUPPORTED,
                    HeaderFields.REFCOUNT_ORDER,
                    "Reference count entry width too large; may not exceed 64 bits");
        }
        return order;
    }

    private CryptMethod cryptMethod() throws ImageException {
        int number = cluster.getInt(HeaderFields.CRYPT_METHOD);
        if (number < 0 || number >= CryptMethod.values().length) {
            throw fail(ErrorKind.UNSUPPORTED, HeaderFields.CRYPT_METHOD, "Unsupported encryption method " + number);
        }
        return CryptMethod.values()[number];
    }

    private void checkTables(int clusterBits) throws ImageException {
        int clusters = cluster.getInt(HeaderFields.REFCOUNT_TABLE_CLUSTERS);
        if (clusters == 0 && !damaged) {
            throw fail(
                    ErrorKind.CORRUPT,
                    HeaderFields.REFCOUNT_TABLE_CLUSTERS,
                    "Image does not contain a reference count table");
        }
        checkTable(
                "Reference count table",
                HeaderFields.REFCOUNT_TABLE_OFFSET,
                Integer.toUnsignedLong(clusters) << clusterBits,
                HeaderLimits.MAX_REFCOUNT_TABLE_BYTES,
                clusterBits);
        if (!damaged) {
            checkSnapshotTable(clusterBits);
        }
        checkTable(
                "Active L1 table",
                HeaderFields.L1_TABLE_OFFSET,
                Integer.toUnsignedLong(cluster.getInt(HeaderFields.L1_SIZE)) * Long.BYTES,
                HeaderLimits.MAX_L1_BYTES,
                clusterBits);
    }

    private void checkSnapshotTable(int clusterBits) throws ImageException {
        long snapshots = Integer.toUnsignedLong(cluster.getInt(HeaderFields.SNAPSHOT_COUNT));
        checkTable(
                "Snapshot table",
                HeaderFields.SNAPSHOTS_OFFSET,
                snapshots * SnapshotTable.FIXED_ENTRY_LENGTH,
                (long) HeaderLimits.MAX_SNAPSHOTS * SnapshotTable.FIXED_ENTRY_LENGTH,
                clusterBits);
    }

    private void checkTable(String table, int offsetField, long length, long cap, int clusterBits)
            throws ImageException {
        if (length > cap) {
            throw fail(ErrorKind.LIMIT, offsetField, table + " too large");
        }
        long offset = cluster.getLong(offsetField);
        if (offset < 0 || offset > Long.MAX_VALUE - length || (offset & ((1L << clusterBits) - 1)) != 0) {
            throw fail(ErrorKind.CORRUPT, offsetField, table + " offset invalid");
        }
    }

    private int l1Size(int clusterBits, boolean extended) throws ImageException {
        long size = cluster.getLong(HeaderFields.SIZE);
        long needed = Header.l1EntriesNeeded(size, clusterBits, extended);
        if (size < 0 || needed > Integer.MAX_VALUE) {
            throw fail(ErrorKind.LIMIT, HeaderFields.SIZE, "Image is too big");
        }
        int l1Size = cluster.getInt(HeaderFields.L1_SIZE);
        if (l1Size < needed) {
            throw fail(ErrorKind.CORRUPT, HeaderFields.L1_SIZE, "L1 table is too small");
        }
        return l1Size;
    }

    /**
     * The feature name table alone, from extensions that nobody has checked yet; null where there is none to be found.
     */
    private @Nullable HeaderExtension featureNames(int start, int end) {
        try {
            for (HeaderExtension extension : extensions(start, end)) {
                if (extension.type() == HeaderExtension.FEATURE_NAMES) {
                    return extension;
                }
            }
        } catch (ImageException malformed) {
            // The image is refused for a better reason; it merely stays without names.
            return null;
        }
        return null;
    }

    private List<HeaderExtension> extensions(int start, int end) throws ImageException {
        List<HeaderExtension> extensions = new ArrayList<>();
        int at = start;
        while (end - at >= HeaderExtension.PREFIX) {
            int type = cluster.getInt(at);
            long length = Integer.toUnsignedLong(cluster.getInt(at + 4));
            at += HeaderExtension.PREFIX;
            if (length > end - at) {
                throw fail(ErrorKind.CORRUPT, at, "Header extension too large");
            }
            if (type == HeaderExtension.END) {
                break;
            }
            byte[] data = new byte[(int) length];
            cluster.get(at, data);
            extensions.add(new HeaderExtension(type, data));
            at += HeaderExtension.padded((int) length);
        }
        return extensions;
    }

    private void checkExtensions(
            List<HeaderExtension> extensions, CryptMethod crypt, int clusterBits, boolean bitmapsConsistent)
            throws ImageException {
        boolean encryptionFound = false;
        for (HeaderExtension extension : extensions) {
            switch (extension.type()) {
                case HeaderExtension.BACKING_FORMAT -> {
                    if (extension.length() > HeaderLimits.MAX_BACKING_FORMAT) {
                        throw fail(
                                ErrorKind.CORRUPT,
                                0,
                                "ERROR: ext_backing_format: len=" + extension.length() + " too large (>=16)");
                    }
                }
                case HeaderExtension.FULL_DISK_ENCRYPTION -> {
                    checkEncryption(extension, crypt, clusterBits);
                    encryptionFound = true;
                }
                case HeaderExtension.BITMAPS -> checkBitmaps(extension, clusterBits, bitmapsConsistent);
                default -> {}
            }
        }
        if (crypt == CryptMethod.LUKS && !encryptionFound) {
            throw fail(
                    ErrorKind.CORRUPT,
                    HeaderFields.CRYPT_METHOD,
                    "Missing CRYPTO header for crypt method " + crypt.ordinal());
        }
    }

    private void checkEncryption(HeaderExtension extension, CryptMethod crypt, int clusterBits) throws ImageException {
        if (crypt != CryptMethod.LUKS) {
            throw fail(ErrorKind.CORRUPT, 0, "CRYPTO header extension only expected with LUKS encryption method");
        }
        if (extension.length() != 16) {
            throw fail(
                    ErrorKind.CORRUPT,
                    0,
                    "CRYPTO header extension size " + extension.length() + ", but expected size 16");
        }
        long offset = extension.data().getLong(0);
        if ((offset & ((1L << clusterBits) - 1)) != 0) {
            throw fail(
                    ErrorKind.CORRUPT,
                    0,
                    "Encryption header offset '" + Long.toUnsignedString(offset)
                            + "' is not a multiple of cluster size '" + (1 << clusterBits) + "'");
        }
        long length = extension.data().getLong(8);
        if (offset < 0 || length < 0 || offset > Long.MAX_VALUE - length) {
            throw fail(ErrorKind.CORRUPT, 0, "Request for data outside of extension header");
        }
    }

    private void checkBitmaps(HeaderExtension extension, int clusterBits, boolean consistent) throws ImageException {
        if (extension.length() != 24) {
            throw fail(ErrorKind.CORRUPT, 0, "bitmaps_ext: Invalid extension length");
        }
        if (!consistent) {
            return;
        }
        ByteBuffer data = extension.data();
        long count = Integer.toUnsignedLong(data.getInt(0));
        long directorySize = data.getLong(8);
        long directoryOffset = data.getLong(16);
        if (data.getInt(4) != 0) {
            throw fail(ErrorKind.CORRUPT, 0, "bitmaps_ext: Reserved field is not zero");
        }
        if (count > HeaderLimits.MAX_BITMAPS) {
            throw fail(
                    ErrorKind.LIMIT,
                    0,
                    "bitmaps_ext: Image has " + count + " bitmaps, exceeding the QEMU supported maximum of "
                            + HeaderLimits.MAX_BITMAPS);
        }
        if (count == 0) {
            throw fail(ErrorKind.CORRUPT, 0, "found bitmaps extension with zero bitmaps");
        }
        if (directoryOffset < 0 || (directoryOffset & ((1L << clusterBits) - 1)) != 0) {
            throw fail(ErrorKind.CORRUPT, 0, "bitmaps_ext: invalid bitmap directory offset");
        }
        if (Long.compareUnsigned(directorySize, HeaderLimits.MAX_BITMAP_DIRECTORY_BYTES) > 0) {
            throw fail(
                    ErrorKind.LIMIT,
                    0,
                    "bitmaps_ext: bitmap directory size (" + Long.toUnsignedString(directorySize)
                            + ") exceeds the maximum supported size (" + HeaderLimits.MAX_BITMAP_DIRECTORY_BYTES
                            + ")");
        }
    }

    /** What follows the compression type, with zeroes up to the next multiple of 8 where a header ends unaligned. */
    private HeaderBytes unknownFields(int headerLength) {
        int start = HeaderFields.COMPRESSION_TYPE + 1;
        if (headerLength < start) {
            return HeaderBytes.EMPTY;
        }
        byte[] fields = new byte[HeaderExtension.padded(headerLength) - start];
        cluster.get(start, fields, 0, headerLength - start);
        return HeaderBytes.of(fields);
    }

    private ImageException fail(ErrorKind kind, int offset, String message) {
        return new ImageException(kind, message, resource, offset, null);
    }
}
