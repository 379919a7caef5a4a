package io.jimg.vmm.virtio;

/** Feature bits (VIRTIO 1.2, sections 5.2.3 and 6). */
public final class VirtioFeatures {
    /** The largest number of segments in a request is told. */
    public static final long BLK_SEG_MAX = 1L << 2;

    /** The device is read-only. */
    public static final long BLK_RO = 1L << 5;

    /** The size of a logical block is told. */
    public static final long BLK_SIZE = 1L << 6;

    /** There is a flush command. */
    public static final long BLK_FLUSH = 1L << 9;

    /** Sizes for good speed are told. */
    public static final long BLK_TOPOLOGY = 1L << 10;

    /** The driver may switch between write-back and write-through. */
    public static final long BLK_CONFIG_WCE = 1L << 11;

    /** There are several queues. */
    public static final long BLK_MQ = 1L << 12;

    /** There is a discard command. */
    public static final long BLK_DISCARD = 1L << 13;

    /** There is a command that writes zeroes. */
    public static final long BLK_WRITE_ZEROES = 1L << 14;

    /** A descriptor may point to a table of descriptors. */
    public static final long RING_INDIRECT_DESC = 1L << 28;

    /** Both sides say by an index when they want to hear from the other. */
    public static final long RING_EVENT_IDX = 1L << 29;

    /** The device follows VIRTIO 1.0 and later. */
    public static final long VERSION_1 = 1L << 32;

    private VirtioFeatures() {}
}
