package io.jimg.validate;

import java.util.Locale;

/**
 * Where something was found.
 *
 * @param kind what {@code at} counts
 * @param at the offset in bytes, or the number of the cluster, table entry, extent or slot, from 0; 0 for the whole
 *     image
 */
public record Place(Kind kind, long at) {

    /** What a place is counted in. */
    public enum Kind {
        /** The image as a whole. */
        IMAGE,
        /** A byte of the image's file. */
        HOST_OFFSET,
        /** A byte of the guest's disk. */
        GUEST_OFFSET,
        /** A cluster of the image's file. */
        CLUSTER,
        /** One of the files or parts that a descriptor names. */
        EXTENT,
        /** A line of a descriptor, from 0. */
        LINE,
        /** A slot with a key. */
        KEY_SLOT,
        /** An entry of a partition table. */
        PARTITION;

        /** The word that reports use: {@code host-offset}. */
        public String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** The image as a whole. */
    public static final Place IMAGE = new Place(Kind.IMAGE, 0);

    /** A byte of the image's file. */
    public static Place host(long hostOffset) {
        return new Place(Kind.HOST_OFFSET, hostOffset);
    }

    /** A byte of the guest's disk. */
    public static Place guest(long guestOffset) {
        return new Place(Kind.GUEST_OFFSET, guestOffset);
    }

    @Override
    public String toString() {
        return kind == Kind.IMAGE ? kind.word() : kind.word() + " " + at;
    }
}
