package io.jimg.vmdk.descriptor;

/** What may be done with an extent ("Virtual Disk Format 1.1", The Extent Description). */
public enum ExtentAccess {
    /** Read and written. */
    RW,
    /** Read. */
    RDONLY,
    /** Neither. */
    NOACCESS
}
