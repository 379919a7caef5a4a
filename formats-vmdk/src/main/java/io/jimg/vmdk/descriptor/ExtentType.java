package io.jimg.vmdk.descriptor;

/**
 * How an extent's bytes are stored ("Virtual Disk Format 1.1", The Extent Description; the later ones as VMware's
 * products write them).
 */
public enum ExtentType {
    /** The bytes as they are, from a sector of a file or device on. */
    FLAT,
    /** Grains in a hosted sparse file. */
    SPARSE,
    /** Nothing but zeroes, and no file. */
    ZERO,
    /** The bytes as they are, in a file on VMFS. */
    VMFS,
    /** Grains in a copy-on-write file of ESX Server. */
    VMFSSPARSE,
    /** The bytes as they are, in a thin file on VMFS. */
    VMFSTHIN,
    /** Grains in a space-efficient sparse file of ESXi. */
    SESPARSE,
    /** A raw device behind a mapping file. */
    VMFSRDM,
    /** A raw device. */
    VMFSRAW;

    /** Whether the file holds the bytes as they are. */
    public boolean flat() {
        return this == FLAT || this == VMFS || this == VMFSTHIN || this == VMFSRDM || this == VMFSRAW;
    }
}
