package io.jimg.qcow2.check;

import static io.jimg.qcow2.check.ImageBytes.COMPRESSED;
import static io.jimg.qcow2.check.ImageBytes.COPIED;

import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** One image for every kind of damage that the check knows. */
final class DamagedImages {
    private static final int C = 65536;
    private static final int BITMAPS = 0x23852875;

    /**
     * An image and what happens to it.
     *
     * @param name of image and damage
     * @param base the sound image
     * @param damage changes a copy of it
     */
    record Damaged(String name, ImageBytes base, Consumer<ImageBytes> damage) {
        /** A damaged copy. */
        ImageBytes image() {
            ImageBytes image = base.copy();
            damage.accept(image);
            return image;
        }
    }

    private final List<Damaged> images = new ArrayList<>();

    private DamagedImages() {}

    /** Has the real tools make the images, in a folder. */
    static List<Damaged> make(QemuOracle oracle, Path folder) throws IOException {
        DamagedImages all = new DamagedImages();
        all.collect(oracle, folder);
        return all.images;
    }

    private void collect(QemuOracle oracle, Path folder) throws IOException {
        ImageBytes plain = ImageBytes.make(oracle, folder, "", "1M", "write -P 1 0 192k");
        damages("plain", plain, all -> {
            all.add("nothing", i -> {});
            all.add("a refcount block's refcount", i -> i.put(i.refcount(2), 2, 2));
            all.add("a refcount of 0", i -> i.put(i.refcount(5), 2, 0));
            all.add("a refcount of 2", i -> i.put(i.refcount(5), 2, 2));
            all.add("refcounts past the end", i -> i.put(i.refcount(20), 2, 1).put(i.refcount(8), 2, 3));
            all.add("an L2 table's refcount of 2", i -> i.put(i.refcount(4), 2, 2));
            all.add("an L2 table's refcount of 0", i -> i.put(i.refcount(4), 2, 0));
            all.add("no COPIED in L1", i -> i.put(i.l1(0), i.get(i.l1(0)) & ~COPIED));
            all.add("no COPIED in L2", i -> i.put(i.l2(0), i.get(i.l2(0)) & ~COPIED));
            all.add("a shared data cluster", i -> i.put(i.l2(1), i.get(i.l2(0))));
            all.add("an unaligned data cluster", i -> i.put(i.l2(1), i.get(i.l2(1)) + 512));
            all.add("an unaligned preallocated cluster", i -> i.put(i.l2(1), i.get(i.l2(1)) + 513));
            all.add("data past the end", i -> i.put(i.l2(1), COPIED | 100 * C));
            all.add("data far past the end", i -> i.put(i.l2(1), COPIED | 0xff_ffff_ffff_0000L));
            all.add("data at offset 0", i -> i.put(i.l2(1), COPIED));
            all.add(
                    "reserved bits in L2",
                    i -> i.put(i.l2(1), i.get(i.l2(1)) | 1L << 60).put(i.l2(9), 2));
            all.add("an unaligned L2 table", i -> i.put(i.l1(0), i.get(i.l1(0)) + 512));
            all.add("reserved bits in L1", i -> i.put(i.l1(0), i.get(i.l1(0)) + (1L << 60) + 1));
            all.add("an L2 table past the end", i -> i.put(i.l1(0), COPIED | 100 * C));
            all.add("an L1 table that is its own L2 table", i -> i.put(i.l1(0), COPIED | i.l1(0)));
            all.add("the header as L2 table", i -> i.put(i.l1(0), COPIED));
            all.add("an unaligned refcount block", i -> i.put(i.refcountTable(0), 2 * C + 512));
            all.add("a refcount block past the end", i -> i.put(i.refcountTable(1), 200 * C));
            all.add("a refcount block twice", i -> i.put(i.refcountTable(1), 2 * C));
            all.add("reserved bits in the refcount table", i -> i.put(i.refcountTable(0), 2 * C + 1));
            all.add("no refcount block", i -> i.put(i.refcountTable(0), 0));
            all.add("a short file", i -> i.truncate(6 * C));
            all.add("a file that ends inside a cluster", i -> i.truncate(7 * C + 100));
            all.add("a long file", i -> i.truncate(17 * C + 100));
            all.add("data in the refcount table", i -> i.put(i.l2(1), COPIED | C));
            all.add("data in the L2 table", i -> i.put(i.l2(1), COPIED | 4 * C));
            all.add("an L1 table past the end", i -> i.put(40, 100 * C));
            all.add("an L1 table that is too long", i -> i.put(36, 4, 16).put(i.l1(1), COPIED | 5 * C));
            all.add("a refcount table past the end", i -> i.put(48, 100 * C));
            all.add("a refcount table that is too long", i -> i.put(56, 4, 2));
            all.add("the longest refcount table", i -> i.put(56, 4, 128));
            all.add("the dirty bit", i -> i.put(72, 1));
            all.add("the corrupt bit", i -> i.put(72, 2));
            all.add("both bits and a leak", i -> i.put(72, 3).put(i.refcount(5), 2, 2));
            all.add("both bits and an error", i -> i.put(72, 3).put(i.refcount(5), 2, 0));
            all.add("both bits and what cannot be repaired", i -> i.put(72, 3).put(i.l2(1), i.get(i.l2(1)) | 1L << 60));
            all.add(
                    "reserved bits and a refcount of 0",
                    i -> i.put(i.l2(1), i.get(i.l2(1)) | 1L << 60).put(i.refcount(5), 2, 0));
            all.add(
                    "a lost cluster and a refcount of 0",
                    i -> i.put(i.l2(1), COPIED | 100 * C).put(i.refcount(5), 2, 0));
            all.add(
                    "a shared data cluster, a leak and a refcount of 0",
                    i -> i.put(i.l2(1), i.get(i.l2(0))).put(i.refcount(5), 2, 0).put(i.refcount(7), 2, 2));
            all.add(
                    "a refcount of 2 and flags that lie",
                    i -> i.put(i.l2(1), i.get(i.l2(0))).put(i.refcount(5), 2, 2).put(i.refcount(6), 2, 0));
            all.add("a leak and an error", i -> i.put(i.refcount(5), 2, 0).put(i.refcount(6), 2, 3));
            all.add("data in the refcount block", i -> i.put(i.l2(1), COPIED | 2 * C));
            all.add("data in the L1 table", i -> i.put(i.l2(1), COPIED | 3 * C));
            all.add("no refcount for the header", i -> i.put(i.refcount(0), 2, 0));
            all.add("no refcount for the refcount table", i -> i.put(i.refcount(1), 2, 0));
            all.add("no refcount table", i -> i.put(48, 0).put(56, 4, 0));
            all.add("a refcount table without clusters", i -> i.put(56, 4, 0));
            all.add("the header as refcount table", i -> i.put(48, 0));
            all.add(
                    "a counted refcount block just past the end",
                    i -> i.put(i.refcountTable(1), 8 * C).put(i.refcount(8), 2, 1));
            all.add(
                    "two refcount blocks past the end",
                    i -> i.put(i.refcountTable(1), 200 * C)
                            .put(i.refcountTable(2), 8 * C)
                            .put(i.refcount(8), 2, 1));
            all.add("a refcount block where no file reaches", i -> i.put(i.refcountTable(1), 0x7fff_ffff_ffff_0000L));
            all.add(
                    "flags of preallocated clusters",
                    i -> i.put(i.l2(0), (i.get(i.l2(0)) | 1) & ~COPIED)
                            .put(i.l2(1), i.get(i.l2(1)) | 1)
                            .put(i.refcount(6), 2, 2));
            all.add("zero clusters with flags", i -> i.put(i.l2(5), 1).put(i.l2(6), 1 | COPIED));
        });
        ImageBytes mixed = ImageBytes.make(
                oracle,
                folder,
                "",
                "1M",
                "write -P 1 0 64k",
                "write -c -P 2 64k 64k",
                "write -P 3 512k 64k",
                "write -c -P 4 128k 64k");
        damages("compressed", mixed, all -> {
            all.add("nothing", i -> {});
            all.add("COPIED", i -> i.put(i.l2(1), i.get(i.l2(1)) | COPIED));
            all.add("a run past the end", i -> i.put(i.l2(1), COMPRESSED | 0x7fff1234L));
            all.add("all bits", i -> i.put(i.l2(1), -1));
            all.add(
                    "runs across the end",
                    i -> i.put(i.l2(1), COMPRESSED | 0x20L << 54 | i.length() - 150)
                            .put(i.l2(2), COMPRESSED | 0x10L << 54 | i.length() + 100)
                            .put(i.l2(3), COMPRESSED | 0x10L << 54 | i.length() + C - 100));
        });
        for (int width : new int[] {1, 2, 8, 32, 64}) {
            ImageBytes narrow = ImageBytes.make(oracle, folder, "refcount_bits=" + width, "32M", "write -P 1 0 192k");
            damages("refcounts of " + width + " bits", narrow, all -> {
                all.add("nothing", i -> {});
                all.add("a cluster with 4 references", i -> repeat(i, 4));
                all.add("a cluster with 300 references", i -> repeat(i, 300));
                all.add("all refcounts at their largest", i -> {
                    for (int at = 0; at < 64; at += 8) {
                        i.put(2 * C + at, -1);
                    }
                });
            });
        }
        ImageBytes extended = ImageBytes.make(
                oracle,
                folder,
                "extended_l2=on",
                "1M",
                "write -P 1 0 192k",
                "write -P 3 512k 2k",
                "write -c -P 1 640k 64k");
        damages("extended L2 entries", extended, all -> {
            all.add("nothing", i -> {});
            all.add("data and zero at once", i -> i.put(i.l2(1), -1));
            all.add("nothing allocated in a cluster", i -> i.put(i.l2(3), 0));
            all.add("a bitmap beside a compressed cluster", i -> i.put(i.l2(21), 5));
            all.add(
                    "a bitmap without a cluster",
                    i -> i.put(i.l2(23), 5).put(i.l2(25), 5L << 32).put(i.l2(27), (5L << 32) | 4));
            all.add("the zero bit", i -> i.put(i.l2(0), i.get(i.l2(0)) | 1));
            all.add("unaligned", i -> i.put(i.l2(2), i.get(i.l2(2)) + 2048));
            all.add(
                    "unaligned and neither data nor zero",
                    i -> i.put(i.l2(4), i.get(i.l2(4)) + 2048).put(i.l2(5), 0));
            all.add(
                    "unaligned and half zero",
                    i -> i.put(i.l2(4), i.get(i.l2(4)) + 2048).put(i.l2(5), 0xffL << 32));
            all.add(
                    "unaligned zeroes",
                    i -> i.put(i.l2(4), i.get(i.l2(4)) + 2048).put(i.l2(5), 0xffffffffL << 32));
            all.add(
                    "without an offset",
                    i -> i.put(i.l2(0), COPIED).put(i.l2(2), 2).put(i.l2(3), 3));
        });
        ImageBytes snapshots = ImageBytes.make(
                oracle,
                folder,
                "",
                "1M",
                "write -P 1 0 192k",
                "snapshot -c s1 IMAGE",
                "write -P 3 64k 64k",
                "snapshot -c s2 IMAGE");
        damages("snapshots", snapshots, all -> {
            all.add("nothing", i -> {});
            all.add("an unaligned L1 table", i -> i.put(i.snapshots(), i.get(i.snapshots()) + 512));
            all.add("an L1 table past the end", i -> i.put(i.snapshots(), 500 * C));
            all.add("an L1 table that is too large", i -> i.put(i.snapshots() + 8, 4, 1 << 23));
            all.add("an empty L1 table", i -> i.put(i.snapshots() + 8, 4, 0));
            all.add("a longer L1 table", i -> i.put(i.snapshots() + 8, 4, 3));
            all.add(
                    "COPIED in a snapshot's L1",
                    i -> i.put(i.get(i.snapshots()), i.get(i.get(i.snapshots())) | COPIED));
            all.add("too much extra data", i -> i.put(i.snapshots() + 36, 4, 2000));
            all.add("too little extra data", i -> i.put(i.snapshots() + 36, 4, 8));
            all.add("long names", i -> i.put(i.snapshots() + 12, 4, 0xea60ea60L));
            all.add("one too many", i -> i.put(60, 4, 3));
            all.add("too many", i -> i.put(60, 4, 70000));
            all.add("unaligned", i -> i.put(64, i.snapshots() + 8));
            all.add("past the end", i -> i.put(64, 500 * C));
            all.add("far past the end", i -> i.put(64, 1L << 62));
            all.add("an unaligned preallocated cluster", i -> i.put(snapshotL2(i) + 8, i.get(snapshotL2(i) + 8) + 513));
            all.add("a refcount that is too low", i -> i.put(i.refcount(5), 2, 1));
            all.add("no extra data", i -> i.put(i.snapshots() + 36, 4, 0));
            all.add("too many, and dirty", i -> i.put(60, 4, 70000).put(72, 3));
            all.add("two that share an L1 table", i -> i.put(i.snapshots() + 72, i.get(i.snapshots())));
        });
        ImageBytes bitmaps = ImageBytes.make(
                oracle,
                folder,
                "",
                "1M",
                "write -P 1 0 192k",
                "bitmap --add IMAGE b0",
                "bitmap --add IMAGE b1",
                "write 0 64k");
        damages("bitmaps", bitmaps, all -> {
            all.add("nothing", i -> {});
            all.add("not to be trusted", i -> i.put(88, 0));
            all.add("a directory past the end", i -> i.put(i.extension(BITMAPS) + 16, 100 * C));
            all.add("one too many", i -> i.put(i.extension(BITMAPS), 4, 5));
            all.add("a table past the end", i -> i.put(i.get(i.extension(BITMAPS) + 16), 100 * C));
            all.add("an unaligned table", i -> i.put(i.get(i.extension(BITMAPS) + 16), 3 * C + 512));
            all.add("a cluster past the end", i -> i.put(i.get(i.get(i.extension(BITMAPS) + 16)), 100 * C));
            all.add("a cluster in L1", i -> i.put(i.get(i.get(i.extension(BITMAPS) + 16)), 3 * C));
            all.add("all ones", i -> i.put(i.get(i.get(i.extension(BITMAPS) + 16)), 1));
        });
        ImageBytes data =
                ImageBytes.make(oracle, folder, "data_file=" + folder.resolve("made.raw"), "1M", "write -P 1 0 192k");
        damages("data file", data, all -> {
            all.add("nothing", i -> {});
            all.add("another offset", i -> i.put(i.l2(0), i.get(i.l2(0)) | 0x20000));
            all.add("an unaligned offset", i -> i.put(i.l2(0), i.get(i.l2(0)) | 0x200));
            all.add("no COPIED", i -> i.put(i.l2(0), i.get(i.l2(0)) & ~COPIED).put(i.l2(1), i.get(i.l2(1)) & ~COPIED));
            all.add("a compressed cluster", i -> i.put(i.l2(1), COMPRESSED | 5 * C));
        });
        ImageBytes old = ImageBytes.make(oracle, folder, "compat=0.10", "1M", "write -P 1 0 192k");
        damages("version 2", old, all -> {
            all.add("nothing", i -> {});
            all.add("the zero bit", i -> i.put(i.l2(0), i.get(i.l2(0)) | 1));
        });
    }

    private static void repeat(ImageBytes image, int times) {
        for (int i = 1; i < times; i++) {
            image.put(image.l2(i), image.get(image.l2(0)));
        }
    }

    private static long snapshotL2(ImageBytes image) {
        return image.get(image.get(image.snapshots())) & L2Scan.OFFSET_MASK;
    }

    private interface Damages {
        void add(String name, Consumer<ImageBytes> damage);
    }

    private void damages(String title, ImageBytes base, Consumer<Damages> all) {
        all.accept((name, damage) -> images.add(new Damaged(title + ": " + name, base, damage)));
    }
}
