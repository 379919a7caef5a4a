package io.jimg.host.file;

/** What came of a request that a host, a file system or a device may not know how to carry out. */
public enum Outcome {
    /** It was carried out, wholly. */
    DONE,

    /** Nothing was changed: the host, this file system or this device has no such call. */
    UNSUPPORTED,

    /** Nothing was changed: the two files are on different file systems, between which the host can't do it. */
    CROSS_DEVICE
}
