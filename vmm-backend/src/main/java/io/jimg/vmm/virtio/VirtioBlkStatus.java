package io.jimg.vmm.virtio;

/** How a request ended (VIRTIO 1.2, section 5.2.6); the ordinal is the status byte. */
public enum VirtioBlkStatus {
    /** Done. */
    OK,
    /** It failed, or asked for what is not possible. */
    IOERR,
    /** The device does not know such requests. */
    UNSUPP
}
