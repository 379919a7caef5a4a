package io.jimg.vmm.virtio;

import java.io.IOException;

/**
 * The guest's driver broke the rules of virtqueues in a way that leaves nobody to answer to: an index out of range, a
 * loop, an address that is no memory. The queue is of no use until the driver resets the device.
 */
public final class MalformedQueueException extends IOException {
    private static final long serialVersionUID = 1L;

    MalformedQueueException(String message) {
        super(message);
    }
}
