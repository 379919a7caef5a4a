package io.jimg.qcow2.allocation;

/** What of an image's metadata can be guarded against being overwritten, by QEMU's names. */
public enum MetadataSection {
    /** The header's cluster. */
    MAIN_HEADER("main-header", "qcow2_header"),
    /** The L1 table of the disk. */
    ACTIVE_L1("active-l1", "active L1 table"),
    /** Its L2 tables. */
    ACTIVE_L2("active-l2", "active L2 table"),
    /** The refcount table. */
    REFCOUNT_TABLE("refcount-table", "refcount table"),
    /** What it points to. */
    REFCOUNT_BLOCK("refcount-block", "refcount block"),
    /** The snapshot table. */
    SNAPSHOT_TABLE("snapshot-table", "snapshot table"),
    /** The L1 tables of snapshots. */
    INACTIVE_L1("inactive-l1", "inactive L1 table"),
    /** Their L2 tables. */
    INACTIVE_L2("inactive-l2", "inactive L2 table"),
    /** The bitmap directory. */
    BITMAP_DIRECTORY("bitmap-directory", "bitmap directory"),
    /** The LUKS header inside the image; no option of QEMU's concerns it. */
    ENCRYPTION_HEADER("encryption-header", "encryption header");

    private final String text;
    private final String phrase;

    MetadataSection(String text, String phrase) {
        this.text = text;
        this.phrase = phrase;
    }

    /** As options name it. */
    public String text() {
        return text;
    }

    /** As sentences name it. */
    String phrase() {
        return phrase;
    }
}
