package io.jimg.qcow2.header;

/**
 * Byte offsets of the header's fields, for changing one in place (specification: "Header"). All numbers are big-endian.
 */
public final class HeaderFields {
    /** The first four bytes: "QFI" and 0xfb. */
    public static final int MAGIC = 0x514649FB;

    /** 4 bytes: version. */
    public static final int VERSION = 4;
    /** 8 bytes: host offset of the backing file's name. */
    public static final int BACKING_OFFSET = 8;
    /** 4 bytes: bytes in the backing file's name. */
    public static final int BACKING_SIZE = 16;
    /** 4 bytes: log2 of the cluster size. */
    public static final int CLUSTER_BITS = 20;
    /** 8 bytes: guest bytes. */
    public static final int SIZE = 24;
    /** 4 bytes: encryption method. */
    public static final int CRYPT_METHOD = 32;
    /** 4 bytes: entries in the active L1 table. */
    public static final int L1_SIZE = 36;
    /** 8 bytes: host offset of the active L1 table. */
    public static final int L1_TABLE_OFFSET = 40;
    /** 8 bytes: host offset of the refcount table. */
    public static final int REFCOUNT_TABLE_OFFSET = 48;
    /** 4 bytes: clusters in the refcount table; follows its offset directly, so that both change in one write. */
    public static final int REFCOUNT_TABLE_CLUSTERS = 56;
    /** 4 bytes: number of snapshots. */
    public static final int SNAPSHOT_COUNT = 60;
    /** 8 bytes: host offset of the snapshot table; follows the count directly. */
    public static final int SNAPSHOTS_OFFSET = 64;
    /** Bytes in a version 2 header. */
    public static final int VERSION_2_LENGTH = 72;
    /** 8 bytes: incompatible features. */
    public static final int INCOMPATIBLE_FEATURES = 72;
    /** 8 bytes: compatible features. */
    public static final int COMPATIBLE_FEATURES = 80;
    /** 8 bytes: autoclear features. */
    public static final int AUTOCLEAR_FEATURES = 88;
    /** 4 bytes: log2 of the refcount width in bits. */
    public static final int REFCOUNT_ORDER = 96;
    /** 4 bytes: bytes in the header. */
    public static final int HEADER_LENGTH = 100;
    /** 1 byte: compression method. Bytes in the shortest version 3 header. */
    public static final int COMPRESSION_TYPE = 104;
    /** Bytes in the header of a version 3 image with all fields that have a name. */
    public static final int VERSION_3_LENGTH = 112;

    private HeaderFields() {}
}
