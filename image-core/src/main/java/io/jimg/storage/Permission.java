package io.jimg.storage;

/**
 * What somebody who has an image open does with it, for {@link Sharing}. The order is that of QEMU's lock bytes: byte
 * 100 and the ordinal stands for "I do this", byte 200 and the ordinal for "nobody else may".
 */
public enum Permission {
    /** Reads data that must make sense as a whole. */
    READ("consistent read"),
    /** Writes. */
    WRITE("write"),
    /** Writes what the guest will not see a difference by. */
    WRITE_UNCHANGED("write unchanged"),
    /** Changes the length. */
    RESIZE("resize");

    private final String words;

    Permission(String words) {
        this.words = words;
    }

    /** The permission as QEMU's sentences call it. */
    public String words() {
        return words;
    }
}
