package io.jimg.storage;

import java.util.EnumSet;
import java.util.Set;

/**
 * What is done with a storage, and what others must not do meanwhile.
 *
 * @param used what is done
 * @param denied what nobody else may do
 */
public record Sharing(Set<Permission> used, Set<Permission> denied) {

    /** Nothing is done that could disturb anybody, and nobody can disturb. */
    public static final Sharing ANY = new Sharing(Set.of(), Set.of());

    /** What is done with a file that is made or emptied. */
    public static final Sharing CREATION =
            new Sharing(Set.of(Permission.WRITE, Permission.RESIZE), Set.of(Permission.RESIZE));

    /** Copies the sets. */
    public Sharing {
        used = Set.copyOf(used);
        denied = Set.copyOf(denied);
    }

    /**
     * What is done with a file of a format that has metadata: while they are read or written, nobody else may change
     * them.
     *
     * @param writable whether the image is written
     * @param inspectOnly whether only metadata are read
     */
    public static Sharing ofMetadata(boolean writable, boolean inspectOnly) {
        return ofBytes(writable, inspectOnly)
                .denying(Permission.WRITE, Permission.RESIZE)
                .using(writable, Permission.RESIZE);
    }

    /**
     * What is done with a file that is a guest's disk byte by byte, which several may write at once.
     *
     * @param writable whether it is written
     * @param inspectOnly whether none of its bytes matter
     */
    public static Sharing ofBytes(boolean writable, boolean inspectOnly) {
        return ANY.using(!inspectOnly, Permission.READ).using(writable, Permission.WRITE);
    }

    /**
     * What is done with a file that holds a guest's bytes while another has the metadata: its length must stay.
     *
     * @param writable whether it is written
     * @param inspectOnly whether none of its bytes matter
     */
    public static Sharing ofDataFile(boolean writable, boolean inspectOnly) {
        return ofBytes(writable, inspectOnly).using(writable, Permission.RESIZE).denying(Permission.RESIZE);
    }

    /** The same, with others denied something more. */
    public Sharing denying(Permission... more) {
        Set<Permission> all = EnumSet.noneOf(Permission.class);
        all.addAll(denied);
        all.addAll(Set.of(more));
        return new Sharing(used, all);
    }

    /** The same, with something more done if {@code condition} holds. */
    public Sharing using(boolean condition, Permission more) {
        if (!condition) {
            return this;
        }
        Set<Permission> all = EnumSet.of(more);
        all.addAll(used);
        return new Sharing(all, denied);
    }
}
