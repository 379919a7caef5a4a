package io.jimg.storage;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What the driver of an image is about to do with the storage that it stands on, see {@link Storage#about}. The names
 * are those of QEMU's events for {@code blkdebug}, all of them; those that no driver here has a step for are never
 * told.
 */
public enum StorageEvent {
    /** Write entries of an L1 table. */
    L1_UPDATE,
    /** Take space for a longer L1 table. */
    L1_GROW_ALLOC_TABLE,
    /** Write a longer L1 table. */
    L1_GROW_WRITE_TABLE,
    /** Turn to a longer L1 table. */
    L1_GROW_ACTIVATE_TABLE,
    /** Read an L2 table, or a part of it. */
    L2_LOAD,
    /** Write entries of an L2 table. */
    L2_UPDATE,
    /** Write an L2 entry of a compressed cluster. */
    L2_UPDATE_COMPRESSED,
    /** Read the L2 table that a new one is copied from. */
    L2_ALLOC_COW_READ,
    /** Write a new L2 table. */
    L2_ALLOC_WRITE,
    /** Read a guest's bytes. */
    READ_AIO,
    /** Read a guest's bytes from a backing file. */
    READ_BACKING_AIO,
    /** Read a compressed cluster. */
    READ_COMPRESSED,
    /** Write a guest's bytes. */
    WRITE_AIO,
    /** Write a compressed cluster. */
    WRITE_COMPRESSED,
    /** Read a machine's state. */
    VMSTATE_LOAD,
    /** Write a machine's state. */
    VMSTATE_SAVE,
    /** Read what surrounds a guest's bytes in a new cluster. */
    COW_READ,
    /** Write what surrounds a guest's bytes in a new cluster. */
    COW_WRITE,
    /** Read the refcount table. */
    REFTABLE_LOAD,
    /** Make the refcount table longer. */
    REFTABLE_GROW,
    /** Write entries of the refcount table. */
    REFTABLE_UPDATE,
    /** Read a refcount block. */
    REFBLOCK_LOAD,
    /** Write a refcount block. */
    REFBLOCK_UPDATE,
    /** Write a part of a refcount block. */
    REFBLOCK_UPDATE_PART,
    /** Take space for a refcount block. */
    REFBLOCK_ALLOC,
    /** Point to a new refcount block. */
    REFBLOCK_ALLOC_HOOKUP,
    /** Write a new refcount block. */
    REFBLOCK_ALLOC_WRITE,
    /** Write new refcount blocks of a longer refcount table. */
    REFBLOCK_ALLOC_WRITE_BLOCKS,
    /** Write a longer refcount table. */
    REFBLOCK_ALLOC_WRITE_TABLE,
    /** Turn to a longer refcount table. */
    REFBLOCK_ALLOC_SWITCH_TABLE,
    /** Take clusters. */
    CLUSTER_ALLOC,
    /** Take room for compressed data. */
    CLUSTER_ALLOC_BYTES,
    /** Give clusters back. */
    CLUSTER_FREE,
    /** Write what is only in memory. */
    FLUSH_TO_OS,
    /** Make durable what was written. */
    FLUSH_TO_DISK,
    /** Read the block that a write covers the end of. */
    PWRITEV_RMW_HEAD,
    /** Go on after {@link #PWRITEV_RMW_HEAD}. */
    PWRITEV_RMW_AFTER_HEAD,
    /** Read the block that a write covers the start of. */
    PWRITEV_RMW_TAIL,
    /** Go on after {@link #PWRITEV_RMW_TAIL}. */
    PWRITEV_RMW_AFTER_TAIL,
    /** Write whole blocks. */
    PWRITEV,
    /** Write zeroes to whole blocks. */
    PWRITEV_ZERO,
    /** Go on after {@link #PWRITEV}. */
    PWRITEV_DONE,
    /** Empty an image. */
    EMPTY_IMAGE_PREPARE,
    /** Clear the end of an L1 table. */
    L1_SHRINK_WRITE_TABLE,
    /** Give the L2 tables of a cut-off end back. */
    L1_SHRINK_FREE_L2_CLUSTERS,
    /** Keep what was read from beneath. */
    COR_WRITE,
    /** Take room in the file for clusters. */
    CLUSTER_ALLOC_SPACE,
    /** Nothing: the storage was opened. */
    NONE;

    /** The name as options have it, such as {@code l2_load}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The event of that name; null where there is none. */
    public static @Nullable StorageEvent find(String text) {
        for (StorageEvent event : values()) {
            if (event.text().equals(text)) {
                return event;
            }
        }
        return null;
    }
}
