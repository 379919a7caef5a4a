/**
 * The VMDK format: its driver and the options of new images.
 *
 * <h2>What is read, and what is written</h2>
 *
 * <ul>
 *   <li>Read and written in place: monolithicSparse, monolithicFlat, twoGbMaxExtentSparse, twoGbMaxExtentFlat, vmfs and
 *       vmfsThin disks, extents of either kind side by side, ZERO extents (which take zeroes alone), children of
 *       parents; disks on devices where their type says so and the gate permits it.
 *   <li>Written once, from the start to the end: streamOptimized. Its grains have no fixed size, so a write in place is
 *       refused with {@link io.jimg.ErrorKind#READ_ONLY}; convert the disk.
 *   <li>Read alone: the copy-on-write extents of ESX (vmfsSparse, COWD), space-efficient ones (seSparse), and hosted
 *       extents of version 3 that are not compressed, whose changed blocks VMware tracks in another file. A disk whose
 *       grain directory is damaged is read from the copy, and written once it is repaired.
 *   <li>Not read: a seSparse extent whose journal has to be replayed.
 * </ul>
 *
 * <p>A change marks hosted extents ({@code uncleanShutdown}) and gives the content a new CID before the first byte is
 * written; closing clears the mark. Both grain directories and their tables are written, the copies first.
 *
 * <h2>Where the rules of a new disk's descriptor are from</h2>
 *
 * <ul>
 *   <li>Sections, keys, CID, parentCID, createType, extent lines: "Virtual Disk Format 1.1" (VMware, 2007), The
 *       Descriptor File.
 *   <li>{@code ddb.adapterType}: the same, The Disk Database; its words {@code ide}, {@code buslogic}, {@code lsilogic}
 *       and {@code legacyESX}.
 *   <li>{@code ddb.geometry.*}: 16 heads and 63 sectors for IDE, at most 16383 cylinders (ATA/ATAPI-6, 6.2; the example
 *       in "Virtual Disk Format 1.1"). For SCSI 64 heads and 32 sectors below 1 GiB, 128 and 32 below 2 GiB, 255 and 63
 *       above (VMware KB 1002511, "Recreating a missing virtual machine disk descriptor file"). At least one cylinder:
 *       VirtualBox takes zero for a geometry that is missing. qemu-img writes 255 heads for all that is not IDE, and
 *       zero cylinders for the smallest disks.
 *   <li>{@code ddb.virtualHWVersion}: 4, or 6 with {@code compat6}, as qemu-img writes it.
 *   <li>{@code ddb.toolsVersion}: 2147483647 stands for tools that VMware does not manage, as open-vm-tools say it.
 *   <li>{@code encoding}: stated where a name is not ASCII, in the words that VMware's products use; others are read by
 *       the JVM's name of a charset.
 * </ul>
 *
 * <p>Of seSparse there is no public specification; its fields are as extents of ESXi show them.
 */
@NullMarked
package io.jimg.vmdk;

import org.jspecify.annotations.NullMarked;
