package io.jimg.qcow2.compression;

/** A way of compressing: makes decoders and encoders. Safe for many threads. */
interface Codec {
    /** A new decoder. */
    ClusterDecoder newDecoder();

    /** A new encoder at the level that QEMU uses. */
    ClusterEncoder newEncoder();
}
