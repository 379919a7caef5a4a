package io.jimg.all.faults;

import io.jimg.DiskImage;
import io.jimg.ZeroMode;
import io.jimg.all.faults.Operation.Left;
import io.jimg.all.faults.Operation.Work;
import io.jimg.capability.Bitmaps;
import io.jimg.capability.Repairable;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.capability.Snapshots;
import io.jimg.capability.VmState;
import io.jimg.ops.Amend;
import io.jimg.ops.Bench;
import io.jimg.ops.Check;
import io.jimg.ops.Commit;
import io.jimg.ops.Compare;
import io.jimg.ops.Convert;
import io.jimg.ops.CopyBitmaps;
import io.jimg.ops.Info;
import io.jimg.ops.MapExtents;
import io.jimg.ops.Measure;
import io.jimg.ops.Rebase;
import io.jimg.ops.Resize;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** All operations of the library, each on images that are small and have something of everything. */
final class Operations {
    private static final String SMALL = "cluster_size=4096";
    private static final String LUKS = "encrypt.format=luks;encrypt.key-secret=s;encrypt.iter-time=1";

    private final List<Operation> all = new ArrayList<>();

    private Operations() {}

    static List<Operation> all() {
        Operations operations = new Operations();
        operations.conversions();
        operations.creations();
        operations.readers();
        operations.chains();
        operations.resizes();
        operations.snapshots();
        operations.amendments();
        operations.bitmaps();
        operations.repairs();
        operations.writes();
        return operations.all;
    }

    private Operation add(String name, Work prepare, Work action) {
        Operation operation = Operation.of(name, prepare, action);
        all.add(operation);
        return operation;
    }

    // ---- new images ------------------------------------------------------------------------------------------------

    private static void raw(Scene scene) throws IOException {
        scene.make("source", "raw", "", 1);
    }

    private Operation converts(String format, String options) {
        return converts(format, options, "");
    }

    private Operation converts(String format, String options, String opening) {
        return add(
                        "convert raw to " + format + " " + options,
                        Operations::raw,
                        scene -> scene.convert("source", "raw", "new", format, false, options))
                .makes("new", format, opening);
    }

    private void conversions() {
        converts("raw", "");
        converts("raw", "preallocation=full");
        converts("qcow2", "");
        converts("qcow2", "extended_l2=on;cluster_size=16k");
        for (String mode : List.of("metadata", "falloc", "full")) {
            converts("qcow2", SMALL + ";preallocation=" + mode);
        }
        converts("qcow2", SMALL + ";data_file=new.data").withPart("new.data");
        converts("qcow2", LUKS, "encrypt.key-secret=s").costly(4);
        converts("luks", "key-secret=s;iter-time=1", "key-secret=s").costly(4);
        for (String subformat : List.of("monolithicSparse", "streamOptimized", "twoGbMaxExtentSparse")) {
            converts("vmdk", "subformat=" + subformat).withPart("new-s001");
        }
        converts("vmdk", "subformat=monolithicFlat").withPart("new-flat");
        converts("vmdk", "subformat=twoGbMaxExtentFlat").withPart("new-f001");
        add(
                        "convert over a file that is there",
                        scene -> {
                            raw(scene);
                            scene.make("new", "qcow2", SMALL, 8);
                        },
                        scene -> scene.convert("source", "raw", "new", "qcow2", false, SMALL))
                .makes("new", "qcow2");
        for (String type : List.of("zlib", "zstd")) {
            add(
                            "convert -c " + type,
                            Operations::raw,
                            scene -> scene.convert(
                                    "source", "raw", "new", "qcow2", true, SMALL + ";compression_type=" + type))
                    .makes("new", "qcow2");
        }
        add(
                        "convert compressed clusters",
                        scene -> {
                            raw(scene);
                            scene.convert("source", "raw", "stream", "vmdk", false, "subformat=streamOptimized");
                        },
                        scene -> scene.convert("stream", "vmdk", "new", "qcow2", true, ""))
                .makes("new", "qcow2");
        add("convert a chain", Operations::chain, scene -> scene.convert("top", "qcow2", "new", "raw", false, ""))
                .makes("new", "raw");
        add("convert onto a backing file", Operations::chain, scene -> {
                    try (DiskImage image = scene.read("top", "qcow2")) {
                        new Convert(image)
                                .toNew(scene.target("new", "qcow2", SMALL)
                                        .backingFile("mid")
                                        .backingFormat("qcow2"))
                                .run();
                    }
                })
                .makes("new", "qcow2");
        add("convert with bitmaps", Operations::withBitmaps, scene -> {
                    try (DiskImage image = scene.read("disk", "qcow2")) {
                        new Convert(image)
                                .bitmaps(new CopyBitmaps(image, null))
                                .toNew(scene.target("new", "qcow2", SMALL))
                                .run();
                    }
                })
                .makes("new", "qcow2");
        add("convert a snapshot", Operations::withSnapshots, scene -> {
                    try (DiskImage image = scene.read("disk", "qcow2");
                            DiskImage snapshot = image.capability(Snapshots.class)
                                    .orElseThrow()
                                    .open("1")) {
                        new Convert(snapshot)
                                .toNew(scene.target("new", "raw", ""))
                                .run();
                    }
                })
                .makes("new", "raw");
        add(
                        "convert two images joined",
                        scene -> {
                            raw(scene);
                            scene.make("second", "qcow2", SMALL, 2);
                        },
                        scene -> {
                            try (DiskImage first = scene.read("source", "raw");
                                    DiskImage second = scene.read("second", "qcow2")) {
                                new Convert(List.of(first, second))
                                        .toNew(scene.target("new", "qcow2", ""))
                                        .run();
                            }
                        })
                .makes("new", "qcow2");
        add(
                        "convert into an image that is there",
                        scene -> {
                            raw(scene);
                            scene.make("disk", "qcow2", SMALL, 3);
                        },
                        scene -> {
                            try (DiskImage source = scene.read("source", "raw");
                                    DiskImage target = scene.write("disk", "qcow2")) {
                                new Convert(source).into(target).run();
                            }
                        })
                .changes("disk", "qcow2", Left.MIXED);
    }

    private Operation creates(String format, String options) {
        return creates(format, options, "");
    }

    private Operation creates(String format, String options, String opening) {
        return add("create " + format + " " + options, scene -> {}, scene -> scene.create("new", format, options))
                .makes("new", format, opening, opening.isEmpty() ? Left.EITHER : Left.NOISE);
    }

    private void creations() {
        for (String mode : List.of("off", "falloc", "full")) {
            creates("raw", "preallocation=" + mode);
        }
        for (String mode : List.of("off", "metadata", "falloc", "full")) {
            creates("qcow2", "preallocation=" + mode);
        }
        creates("qcow2", "cluster_size=512;lazy_refcounts=on;refcount_bits=64;preallocation=metadata");
        creates("qcow2", "data_file=new.data;data_file_raw=on").withPart("new.data");
        creates("qcow2", LUKS, "encrypt.key-secret=s").costly(4);
        creates("luks", "key-secret=s;iter-time=1", "key-secret=s").costly(4);
        creates("vmdk", "subformat=monolithicSparse");
        creates("vmdk", "subformat=streamOptimized");
        creates("vmdk", "subformat=monolithicFlat").withPart("new-flat");
        creates("vmdk", "subformat=twoGbMaxExtentSparse").withPart("new-s001");
        creates("vmdk", "subformat=twoGbMaxExtentFlat").withPart("new-f001");
        for (String format : List.of("qcow2", "vmdk")) {
            add(
                            "create an overlay " + format,
                            scene -> scene.make("base", format, "", 1),
                            scene -> scene.create("new", format, "", "base", format))
                    .makes("new", format);
        }
    }

    // ---- what only reads -------------------------------------------------------------------------------------------

    private void readers() {
        Work twins = scene -> {
            raw(scene);
            scene.convert("source", "raw", "twin", "qcow2", true, SMALL);
        };
        add("compare", twins, scene -> {
            try (DiskImage first = scene.read("source", "raw");
                    DiskImage second = scene.read("twin", "qcow2")) {
                new Compare(first, second).job().run();
            }
        });
        add("compare strictly", twins, scene -> {
            try (DiskImage first = scene.read("twin", "qcow2");
                    DiskImage second = scene.read("twin", "qcow2")) {
                new Compare(first, second).strict(true).job().run();
            }
        });
        add("map", Operations::chain, scene -> {
            try (DiskImage image = scene.read("top", "qcow2")) {
                new MapExtents(image).forEach(extent -> {}).run();
            }
        });
        add(
                "info of a chain",
                Operations::chain,
                scene -> Info.chain(scene.images(), "top", Scene.how("qcow2", ""))
                        .run());
        for (String format : List.of("qcow2", "vmdk")) {
            add("check " + format, scene -> scene.make("disk", format, "", 5), scene -> {
                try (DiskImage image = scene.read("disk", format)) {
                    Check.of(image).run();
                }
            });
            add("info of " + format, scene -> scene.make("disk", format, "", 5), scene -> {
                try (DiskImage image = scene.read("disk", format)) {
                    Info.of(image);
                }
            });
        }
        add("check snapshots and bitmaps", Operations::withBitmaps, scene -> {
            try (DiskImage image = scene.read("disk", "qcow2")) {
                Check.of(image).run();
            }
        });
        add("measure", Operations::chain, scene -> {
            try (DiskImage image = scene.read("top", "qcow2")) {
                new Measure(scene.images(), "qcow2").of(image).run();
            }
        });
        add("bench", Operations::raw, scene -> {
            try (DiskImage image = scene.read("source", "raw")) {
                new Bench(image).count(40).depth(4).run();
            }
        });
    }

    // ---- chains ----------------------------------------------------------------------------------------------------

    private static void chain(Scene scene) throws IOException {
        scene.make("base", "raw", "", 1);
        scene.makeOver("mid", "qcow2", "base", "raw", 2);
        scene.makeOver("top", "qcow2", "mid", "qcow2", 3);
    }

    private static void twoBases(Scene scene) throws IOException {
        chain(scene);
        scene.make("other", "qcow2", SMALL, 4);
    }

    private static Commit commit(Scene scene) {
        return new Commit(scene.images(), "top", Scene.how("qcow2", ""));
    }

    private static Rebase rebase(Scene scene) {
        return new Rebase(scene.images(), "top", Scene.how("qcow2", ""));
    }

    private void chains() {
        add("commit", Operations::chain, scene -> commit(scene).job().run())
                .changes("mid", "qcow2", Left.MIXED)
                .changes("top", "qcow2", Left.EITHER);
        add(
                        "commit and drop",
                        Operations::chain,
                        scene -> commit(scene).drop(true).job().run())
                .changes("mid", "qcow2", Left.MIXED)
                .changes("top", "qcow2", Left.EITHER);
        // What lies between shows the base's new bytes, as qemu-img says. A base is told by its path on the host,
        // where there must be such a file, though nobody opens it.
        add(
                        "commit to the base",
                        scene -> {
                            scene.make("pom.xml", "raw", "", 1);
                            scene.makeOver("mid", "qcow2", "pom.xml", "raw", 2);
                            scene.makeOver("top", "qcow2", "mid", "qcow2", 3);
                        },
                        scene -> commit(scene).base("pom.xml").job().run())
                .changes("pom.xml", "raw", Left.MIXED)
                .changes("mid", "qcow2", Left.MIXED)
                .changes("top", "qcow2", Left.EITHER);
        add(
                        "commit vmdk",
                        scene -> {
                            scene.make("base", "vmdk", "", 1);
                            scene.makeOver("top", "vmdk", "base", "vmdk", 2);
                        },
                        scene -> new Commit(scene.images(), "top", Scene.how("vmdk", ""))
                                .job()
                                .run())
                .changes("top", "vmdk", Left.LINKED)
                .changes("base", "vmdk", Left.MIXED);
        add(
                        "rebase",
                        Operations::twoBases,
                        scene -> rebase(scene).onto("other", "qcow2").job().run())
                .changes("top", "qcow2", Left.EITHER);
        add(
                        "rebase -c",
                        Operations::twoBases,
                        scene -> rebase(scene)
                                .onto("other", "qcow2")
                                .compress(true)
                                .job()
                                .run())
                .changes("top", "qcow2", Left.EITHER);
        add("rebase to none", Operations::chain, scene -> rebase(scene).job().run())
                .changes("top", "qcow2", Left.EITHER);
        add(
                        "rebase -u",
                        Operations::twoBases,
                        scene -> rebase(scene)
                                .onto("other", "qcow2")
                                .unsafe(true)
                                .job()
                                .run())
                .changes("top", "qcow2", Left.EITHER);
    }

    // ---- sizes, snapshots, options ---------------------------------------------------------------------------------

    private void resizes(String name, Work prepare, String format, long newSize, Preallocation mode) {
        add("resize " + name, prepare, scene -> {
                    try (DiskImage image = scene.write("disk", format)) {
                        Resize.of(image, newSize)
                                .preallocation(mode)
                                .shrink(true)
                                .job()
                                .run();
                    }
                })
                .changes("disk", format, Left.EITHER);
    }

    private void resizes() {
        Work qcow2 = scene -> scene.make("disk", "qcow2", SMALL, 1);
        long larger = Scene.SIZE + (100 << 10);
        for (Preallocation mode : Preallocation.values()) {
            resizes("qcow2 with preallocation " + mode, qcow2, "qcow2", larger, mode);
        }
        resizes(
                "qcow2 so that L1 moves",
                scene -> scene.make("disk", "qcow2", "cluster_size=512", 1),
                "qcow2",
                20 * Scene.SIZE,
                Preallocation.OFF);
        resizes("qcow2 to a quarter", qcow2, "qcow2", Scene.SIZE / 4, Preallocation.OFF);
        resizes("qcow2 with snapshots", Operations::withSnapshots, "qcow2", larger, Preallocation.OFF);
        resizes("qcow2 with bitmaps", Operations::withBitmaps, "qcow2", larger, Preallocation.OFF);
        // A host that neither writes nor cuts back leaves a part of the zeroes.
        add("resize raw", scene -> scene.make("disk", "raw", "", 1), scene -> {
                    try (DiskImage image = scene.write("disk", "raw")) {
                        Resize.of(image, larger)
                                .preallocation(Preallocation.FULL)
                                .job()
                                .run();
                    }
                })
                .changes("disk", "raw", Left.MIXED);
        resizes(
                "raw to a quarter",
                scene -> scene.make("disk", "raw", "", 1),
                "raw",
                Scene.SIZE / 4,
                Preallocation.OFF);
        resizes("vmdk", scene -> scene.make("disk", "vmdk", "", 1), "vmdk", 400 * Scene.SIZE, Preallocation.OFF);
        add("resize luks", scene -> scene.create("disk", "luks", "key-secret=s;iter-time=1"), scene -> {
                    try (DiskImage image = scene.write("disk", "luks", "key-secret=s")) {
                        Resize.of(image, larger).job().run();
                    }
                })
                .changes("disk", "luks", Left.EITHER, "key-secret=s")
                .costly(4);
    }

    private static void withSnapshots(Scene scene) throws IOException {
        scene.make("disk", "qcow2", SMALL, 1);
        try (DiskImage image = scene.write("disk", "qcow2")) {
            snapshots(image).create("one", Instant.EPOCH);
            Scene.fill(image, 2);
            snapshots(image).create("two", Instant.EPOCH);
            Scene.fill(image, 3);
        }
    }

    private static Snapshots snapshots(DiskImage image) {
        return image.capability(Snapshots.class).orElseThrow();
    }

    private interface Change {
        void of(DiskImage image) throws IOException;
    }

    private Operation changes(String name, Work prepare, Change change) {
        return add(name, prepare, scene -> {
                    try (DiskImage image = scene.write("disk", "qcow2")) {
                        change.of(image);
                    }
                })
                .changes("disk", "qcow2", Left.EITHER);
    }

    private void snapshots() {
        changes(
                "snapshot -c",
                Operations::withSnapshots,
                image -> snapshots(image).create("three", Instant.EPOCH));
        changes(
                "snapshot -a",
                Operations::withSnapshots,
                image -> snapshots(image).apply("1"));
        changes(
                "snapshot -d",
                Operations::withSnapshots,
                image -> snapshots(image).delete("1"));
        changes(
                "write a machine's state",
                Operations::withSnapshots,
                image -> image.capability(VmState.class).orElseThrow().write(ByteBuffer.wrap(new byte[70_000]), 100));
    }

    private void amends(String name, String made, String options) {
        add("amend " + name, scene -> scene.make("disk", "qcow2", SMALL + ";" + made, 1), scene -> {
                    try (DiskImage image = scene.write("disk", "qcow2")) {
                        Amend.of(scene.images(), image, Scene.text(options), false)
                                .run();
                    }
                })
                .changes("disk", "qcow2", Left.EITHER);
    }

    private void amendments() {
        amends("to compat=0.10", "lazy_refcounts=on", "compat=0.10;lazy_refcounts=off");
        amends("to compat=1.1", "compat=0.10", "compat=1.1");
        amends("refcount_bits", "refcount_bits=16", "refcount_bits=64");
        amends("lazy_refcounts", "lazy_refcounts=off", "lazy_refcounts=on");
        amends("size", "refcount_bits=16", "size=300k");
        for (String change : List.of(
                "encrypt.state=active;encrypt.new-secret=t;encrypt.iter-time=1",
                "encrypt.state=active;encrypt.new-secret=t;encrypt.iter-time=1;encrypt.keyslot=3")) {
            add("amend " + change, scene -> scene.create("disk", "qcow2", SMALL + ";" + LUKS), scene -> {
                        try (DiskImage image = scene.write("disk", "qcow2", "encrypt.key-secret=s")) {
                            Amend.of(scene.images(), image, Scene.text(change), false)
                                    .run();
                        }
                    })
                    .changes("disk", "qcow2", Left.EITHER, "encrypt.key-secret=s")
                    .costly(8);
        }
    }

    private static void withBitmaps(Scene scene) throws IOException {
        withSnapshots(scene);
        try (DiskImage image = scene.write("disk", "qcow2")) {
            bitmaps(image).add("on", 4096, true);
            bitmaps(image).add("off", 65536, true);
            Scene.fill(image, 4);
            bitmaps(image).disable("off");
        }
    }

    private static Bitmaps bitmaps(DiskImage image) {
        return image.capability(Bitmaps.class).orElseThrow();
    }

    private void bitmaps() {
        changes("bitmap --add", Operations::withBitmaps, image -> bitmaps(image).add("new", 4096, true));
        changes(
                "bitmap --remove",
                Operations::withBitmaps,
                image -> bitmaps(image).remove("on"));
        changes(
                "bitmap --clear",
                Operations::withBitmaps,
                image -> bitmaps(image).clear("on"));
        changes(
                "bitmap --enable",
                Operations::withBitmaps,
                image -> bitmaps(image).enable("off"));
        changes(
                "bitmap --disable",
                Operations::withBitmaps,
                image -> bitmaps(image).disable("on"));
        changes(
                "bitmap --merge",
                Operations::withBitmaps,
                image -> bitmaps(image).merge("off", bitmaps(image).read("on")));
    }

    private void repairs(String name, String format, long at, int bytes, int value, Repairable.Mode mode) {
        add(
                        "check -r " + mode + " " + name,
                        scene -> {
                            scene.make("disk", format, format.equals("qcow2") ? SMALL : "", 1);
                            try (DiskImage file = scene.images()
                                    .open("disk", Scene.how("raw", "").withWritable(true))) {
                                byte[] damage = new byte[bytes];
                                java.util.Arrays.fill(damage, (byte) value);
                                file.write(ByteBuffer.wrap(damage), at);
                            }
                        },
                        scene -> {
                            try (DiskImage image = scene.images()
                                    .open(
                                            "disk",
                                            Scene.how(format, "")
                                                    .withWritable(true)
                                                    .withToCheck(true))) {
                                Check.repair(image, mode).run();
                            }
                        })
                .changes("disk", format, Left.AGAIN);
    }

    private void repairs() {
        // The first refcount block is the third cluster; what is counted there is lost, or more than it should be.
        repairs("refcounts lost", "qcow2", 2 * 4096, 2048, 0, Repairable.Mode.ALL);
        repairs("refcounts too high", "qcow2", 2 * 4096 + 100, 40, 2, Repairable.Mode.LEAKS);
        repairs("refcount table lost", "qcow2", 4096, 4096, 0, Repairable.Mode.ALL);
        repairs("marked dirty", "qcow2", 79, 1, 1, Repairable.Mode.ALL);
    }

    private void writes() {
        add("bench -w", scene -> scene.make("disk", "qcow2", SMALL, 1), scene -> {
                    try (DiskImage image = scene.write("disk", "qcow2")) {
                        new Bench(image)
                                .count(40)
                                .depth(4)
                                .step(5000)
                                .write((byte) 9)
                                .flushEvery(10, true)
                                .run();
                    }
                })
                .changes("disk", "qcow2", Left.MIXED);
        for (String format : List.of("raw", "qcow2", "vmdk")) {
            writes("write", format, Left.MIXED, image -> {
                Scene.fill(image, 6);
                image.flush();
            });
            writes("write zeroes", format, Left.MIXED, image -> image.writeZeroes(1000, 90_000, ZeroMode.MAY_UNMAP));
            writes("discard", format, Left.ADVISED, image -> image.discard(1000, 90_000));
        }
    }

    private void writes(String name, String format, Left left, Change change) {
        add(name + " " + format, scene -> scene.make("disk", format, "", 1), scene -> {
                    try (DiskImage image = scene.write("disk", format)) {
                        change.of(image);
                    }
                })
                .changes("disk", format, left);
    }
}
