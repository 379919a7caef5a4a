package io.jimg.qcow2.allocation;

/** What a cluster is taken for. */
public enum ClusterUse {
    /** Bytes of the guest, or anything that is not named here. */
    OTHER("data cluster"),
    /** Streams of compressed bytes. */
    COMPRESSED("compressed cluster"),
    /** An L2 table. */
    L2_TABLE("L2 table"),
    /** A refcount block. */
    REFCOUNT_BLOCK("refcount block");

    private final String phrase;

    ClusterUse(String phrase) {
        this.phrase = phrase;
    }

    /** As sentences name it. */
    String phrase() {
        return phrase;
    }
}
