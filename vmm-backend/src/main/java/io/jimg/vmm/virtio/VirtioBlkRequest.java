package io.jimg.vmm.virtio;

import java.nio.ByteBuffer;

/**
 * A request to a virtio block device (VIRTIO 1.2, section 5.2.6), parsed.
 *
 * @param type one of the constants here, or any other number, which is answered by {@link VirtioBlkStatus#UNSUPP}
 * @param sector where it begins, in units of 512 bytes; of no meaning to flush, get-id, discard and write-zeroes
 * @param data the guest's memory between the buffers' positions and limits: filled by a read and get-id, written to the
 *     disk by a write, and for discard and write-zeroes an array of segments (section 5.2.6). Positions are moved
 */
public record VirtioBlkRequest(int type, long sector, ByteBuffer[] data) {
    /** VIRTIO_BLK_T_IN: read. */
    public static final int READ = 0;

    /** VIRTIO_BLK_T_OUT: write. */
    public static final int WRITE = 1;

    /** VIRTIO_BLK_T_FLUSH: make durable what has completed. */
    public static final int FLUSH = 4;

    /** VIRTIO_BLK_T_GET_ID: the serial number. */
    public static final int GET_ID = 8;

    /** VIRTIO_BLK_T_DISCARD: content of these sectors is not wanted any more. */
    public static final int DISCARD = 11;

    /** VIRTIO_BLK_T_WRITE_ZEROES: these sectors are to read as zeroes. */
    public static final int WRITE_ZEROES = 13;

    /** Bytes in all. */
    long length() {
        long length = 0;
        for (ByteBuffer each : data) {
            length += each.remaining();
        }
        return length;
    }
}
