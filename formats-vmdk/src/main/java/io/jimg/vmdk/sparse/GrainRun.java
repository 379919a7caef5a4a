package io.jimg.vmdk.sparse;

/**
 * Neighbouring grains of one kind.
 *
 * @param kind what they are
 * @param hostOffset byte of the file where the first one lies, the others directly behind it; 0 unless they are data
 * @param grains how many, at least 1
 */
record GrainRun(Kind kind, long hostOffset, long grains) {

    /** What a grain is. */
    enum Kind {
        /** The extent does not have it. */
        ABSENT,
        /** The extent says that it is zero. */
        ZERO,
        /** It is stored. */
        DATA
    }
}
