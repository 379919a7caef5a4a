package io.jimg.vmm.virtio;

import java.nio.charset.StandardCharsets;

/**
 * What a virtio block device shows beyond its content. Immutable.
 *
 * @param serial what get-id answers: at most 20 bytes of ASCII, empty for none
 * @param readOnly whether writes are refused
 * @param queues how many queues a driver may use, 1 to {@link #MOST_QUEUES}
 * @param logicalBlock bytes: 512, 1024, 2048 or 4096
 */
public record VirtioBlkSettings(String serial, boolean readOnly, int queues, int logicalBlock) {
    /** The most queues. */
    public static final int MOST_QUEUES = 256;

    /** The most bytes of a serial number. */
    public static final int LONGEST_SERIAL = 20;

    /** No serial number, writable where the device is, one queue, blocks of 512 bytes. */
    public static final VirtioBlkSettings DEFAULT = new VirtioBlkSettings("", false, 1, 512);

    /** Checks the ranges. */
    public VirtioBlkSettings {
        if (serial.length() > LONGEST_SERIAL
                || !StandardCharsets.US_ASCII.newEncoder().canEncode(serial)) {
            throw new IllegalArgumentException("A serial number has at most 20 ASCII characters");
        }
        if (queues < 1 || queues > MOST_QUEUES) {
            throw new IllegalArgumentException("A device has 1 to " + MOST_QUEUES + " queues");
        }
        if (logicalBlock < 512 || logicalBlock > 4096 || Integer.bitCount(logicalBlock) != 1) {
            throw new IllegalArgumentException("A logical block has 512, 1024, 2048 or 4096 bytes");
        }
    }

    /** With another serial number. */
    public VirtioBlkSettings withSerial(String value) {
        return new VirtioBlkSettings(value, readOnly, queues, logicalBlock);
    }

    /** With writes refused, or not. */
    public VirtioBlkSettings withReadOnly(boolean value) {
        return new VirtioBlkSettings(serial, value, queues, logicalBlock);
    }

    /** With another number of queues. */
    public VirtioBlkSettings withQueues(int value) {
        return new VirtioBlkSettings(serial, readOnly, value, logicalBlock);
    }

    /** With another logical block. */
    public VirtioBlkSettings withLogicalBlock(int value) {
        return new VirtioBlkSettings(serial, readOnly, queues, value);
    }
}
