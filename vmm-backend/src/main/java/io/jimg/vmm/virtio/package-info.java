/**
 * A virtio block device (VIRTIO 1.2, sections 2.7 and 5.2) for a virtual machine monitor in the same JVM: its rings and
 * its requests are served out of the guest's memory, which the monitor shows as buffers.
 *
 * <p>{@link io.jimg.vmm.virtio.VirtioBlk} is the device, {@link io.jimg.vmm.virtio.VirtioBlkQueue} one of its queues,
 * {@link io.jimg.vmm.virtio.GuestMemory} the guest's memory. The guest is not trusted.
 */
@NullMarked
package io.jimg.vmm.virtio;

import org.jspecify.annotations.NullMarked;
