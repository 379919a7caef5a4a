package io.jimg.vmm.virtio;

import java.nio.ByteBuffer;

/**
 * What the driver made available at once.
 *
 * @param head the index of the first descriptor, by which it is given back
 * @param readable what the device may read, in order
 * @param writable what it may write, in order
 */
record DescriptorChain(int head, ByteBuffer[] readable, ByteBuffer[] writable) {}
