package io.jimg.cli;

import io.jimg.ImageException;
import io.jimg.all.AllFormats;
import io.jimg.cli.commands.Command;
import io.jimg.cli.commands.Commands;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.spi.ImageFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;

/**
 * Command lines made by chance from each command's own table of options, with values that make sense and values that do
 * not. A seed gives the same line on every machine.
 *
 * <p>What reads takes its images from {@code @}, what may write from {@code %}; see {@link SideBySide}. Sizes stay
 * small wherever bytes might be reserved for them.
 */
final class CommandLines {
    private static final List<String> HEALTHY = List.of(
            "holes.raw",
            "zero.raw",
            "three.raw",
            "empty.raw",
            "base.qcow2",
            "over.qcow2",
            "top.qcow2",
            "snapshots.qcow2",
            "v2.qcow2",
            "extended.qcow2",
            "features.qcow2",
            "bitmaps.qcow2",
            "zlib.qcow2",
            "zstd.qcow2",
            "monolithicSparse.vmdk",
            "streamOptimized.vmdk");

    private static final List<String> ODD = List.of(
            "nowhere",
            "",
            "leak.qcow2",
            "wrong.qcow2",
            "badmagic.qcow2",
            "unknown-feature.qcow2",
            "orphan.qcow2",
            "in-use.qcow2",
            "l2-unaligned.qcow2",
            "data.qcow2",
            "monolithicFlat.vmdk",
            "child.vmdk",
            "truncated.vmdk");

    private static final List<String> FORMATS = List.of("raw", "qcow2", "vmdk");
    private static final List<String> ODD_FORMATS = List.of("luks", "", "nosuch", "QCOW2", "file", "raw,", "null-co");
    private static final List<String> SIZES =
            List.of("0", "512", "4k", "64K", "100k", "1M", "3M", "1.5M", "8M", "10m", "0x10000");
    private static final List<String> ODD_SIZES = List.of(
            "",
            "-1",
            "1",
            "1000",
            "x",
            "5x",
            "1Z",
            "+1",
            " 4k",
            "4k ",
            ".5M",
            "1.5",
            "1e3",
            "0x",
            "8E",
            "16E",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "1,5M",
            "4kB",
            "--",
            "1T");

    /** Sizes that are refused nowhere but at the end of a disk; never reserved. */
    private static final List<String> CACHES =
            List.of("none", "writeback", "writethrough", "directsync", "unsafe", "off");

    private static final List<String> ODD_CACHES = List.of("", "nosuch", "Writeback", "none,");
    private static final List<String> NUMBERS = List.of("1", "2", "4", "8", "16");
    private static final List<String> ODD_NUMBERS = List.of("0", "-1", "17", "x", "", "1k", "4294967296", "3.5", "0x4");
    private static final List<String> SWITCHES = List.of("on", "off");
    private static final List<String> ODD_SWITCHES = List.of("", "yes", "no", "true", "ON", "1", "maybe");
    private static final List<String> PREALLOCATIONS = List.of("off", "metadata", "falloc", "full");
    private static final List<String> SNAPSHOTS = List.of("first", "1", "2", "snapshot.name=first", "snapshot.id=2");
    private static final List<String> ODD_SNAPSHOTS =
            List.of("", "9", "nosuch", "snapshot.nosuch=1", "snapshot.id=", "snapshot.name=first,snapshot.id=2");
    private static final List<String> OBJECTS = List.of(
            "secret,id=sec0,data=123456", "secret,id=sec0,file=@/secret", "secret,id=sec1,data=MTIz,format=base64");
    private static final List<String> ODD_OBJECTS = List.of(
            "",
            "secret",
            "secret,id=sec0",
            "secret,data=1",
            "nosuch,id=x",
            "secret,id=0,data=1",
            "secret,id=sec0,data=1,file=@/secret",
            "secret,id=sec0,file=@/nowhere",
            "secret,id=sec0,data=1,nosuch=1",
            "qom-type=secret,id=sec0,data=1");

    private final Random random;
    private final List<String> options = new ArrayList<>();
    private final List<String> operands = new ArrayList<>();
    private final String format;
    private final String file;
    private boolean imageOpts;

    CommandLines(long seed) {
        random = new Random(seed * 0x9e3779b97f4a7c15L);
        format = pick(FORMATS);
        file = mostly(HEALTHY, ODD);
    }

    /** The line of this seed. */
    List<String> next() {
        String name = pick(Commands.NAMES);
        Command command = Objects.requireNonNull(Commands.find(name));
        List<OptionSpec> table = command.options().stream()
                .filter(option -> !option.key().equals("h"))
                .toList();
        List<OptionSpec> chosen = new ArrayList<>();
        int count = 1 + random.nextInt(4);
        for (int i = 0; i < count; i++) {
            chosen.add(pick(table));
        }
        imageOpts = has(chosen, "image-opts");
        boolean writes = writes(name, chosen);
        for (OptionSpec option : chosen) {
            add(name, option);
        }
        if (name.equals("bench")) {
            bound("-c", List.of("1", "5", "20"));
            bound("-s", List.of("512", "4k", "64k"));
        }
        operands(name, writes ? "%/" : "@/");
        return words(name);
    }

    private static boolean has(List<OptionSpec> options, String key) {
        return options.stream().anyMatch(option -> option.key().equals(key));
    }

    private static boolean writes(String name, List<OptionSpec> chosen) {
        return switch (name) {
            case "amend", "bitmap", "commit", "rebase", "resize", "snapshot" -> true;
            case "check" -> has(chosen, "r");
            case "bench" -> has(chosen, "w");
            default -> false;
        };
    }

    /** Options and operands in one line, in an order that getopt permits. */
    private List<String> words(String name) {
        List<String> words = new ArrayList<>();
        words.add(name);
        if (random.nextInt(8) == 0 && !operands.isEmpty()) {
            words.add(operands.remove(0));
        }
        words.addAll(options);
        if (random.nextInt(12) == 0) {
            words.add("--");
        }
        words.addAll(operands);
        return words;
    }

    private void bound(String option, List<String> values) {
        options.add(option);
        options.add(pick(values));
    }

    private void add(String command, OptionSpec option) {
        if (!option.takesArgument()) {
            options.add(option.letter() != 0 ? "-" + option.letter() : "--" + option.longName());
            return;
        }
        String value = value(command, option);
        if (option.letter() == 0) {
            if (random.nextBoolean()) {
                options.add("--" + option.longName() + "=" + value);
            } else {
                options.add("--" + option.longName());
                options.add(value);
            }
        } else if (!value.isEmpty() && random.nextInt(5) == 0) {
            options.add("-" + option.letter() + value);
        } else {
            options.add("-" + option.letter());
            options.add(value);
        }
    }

    private String value(String command, OptionSpec option) {
        return switch (option.key()) {
            case "f" ->
                mostly(
                        List.of(command.equals("create") ? format : formatOf(file)),
                        random.nextBoolean() ? FORMATS : ODD_FORMATS);
            case "O" -> mostly(List.of(format), ODD_FORMATS);
            case "F" -> mostly(FORMATS, ODD_FORMATS);
            case "t", "T" -> mostly(CACHES, ODD_CACHES);
            case "output" -> mostly(List.of("human", "json"), List.of("", "xml", "JSON"));
            case "object" -> mostly(OBJECTS, ODD_OBJECTS);
            case "preallocation" -> mostly(PREALLOCATIONS, List.of("", "nosuch"));
            case "b", "B" ->
                command.equals("bitmap") ? "@/" + pick(List.of("bitmaps.qcow2", "in-use.qcow2")) : backing(command);
            case "c", "a", "d" ->
                command.equals("snapshot") ? mostly(SNAPSHOTS, ODD_SNAPSHOTS) : mostly(NUMBERS, ODD_NUMBERS);
            case "l" -> command.equals("map") ? mostly(SIZES, ODD_SIZES) : mostly(SNAPSHOTS, ODD_SNAPSHOTS);
            case "o" -> command.equals("bench") ? mostly(SIZES, ODD_SIZES) : createOptions(command);
            case "r" ->
                command.equals("check")
                        ? mostly(List.of("leaks", "all"), List.of("", "nosuch"))
                        : mostly(List.of("1G", "100M"), List.of("", "x", "-1", "1Z"));
            case "S" ->
                command.equals("bench")
                        ? mostly(SIZES, ODD_SIZES)
                        : mostly(List.of("0", "4k", "64k", "512"), ODD_SIZES);
            case "i" -> mostly(List.of("threads"), List.of("", "nosuch", "native", "io-uring"));
            case "m" -> mostly(NUMBERS, ODD_NUMBERS);
            case "g" -> mostly(List.of("512", "64k", "1M"), ODD_SIZES);
            case "merge" -> mostly(List.of("one", "two"), List.of("", "nosuch", "busy"));
            case "pattern", "flush-interval" -> mostly(NUMBERS, ODD_NUMBERS);
            default -> mostly(SIZES, ODD_SIZES);
        };
    }

    private String backing(String command) {
        String folder = command.equals("rebase") || command.equals("commit") ? "%/" : "@/";
        return folder
                + mostly(List.of("base.qcow2", "over.qcow2", "holes.raw"), List.of("nowhere", "", "badmagic.qcow2"));
    }

    /** One to three of the options that a format knows for its new images, or for a change of them. */
    private String createOptions(String command) {
        ImageFormat format = format(command.equals("amend") ? "qcow2" : this.format);
        List<String> names = new ArrayList<>((command.equals("amend") ? format.amendSchema() : format.createSchema())
                .options().stream().map(io.jimg.Option::name).toList());
        names.add(pick(List.of("nosuch", "size", "help", "compat")));
        StringBuilder list = new StringBuilder();
        int count = 1 + random.nextInt(3);
        for (int i = 0; i < count; i++) {
            String name = pick(names);
            list.append(i == 0 ? "" : ",").append(name);
            if (!name.equals("help") && random.nextInt(15) != 0) {
                list.append('=').append(createValue(name));
            }
        }
        return list.toString();
    }

    private String createValue(String name) {
        return switch (name) {
            case "compat" -> mostly(List.of("v2", "v3", "0.10", "1.1"), List.of("", "2", "v4"));
            case "cluster_size" ->
                mostly(List.of("512", "4k", "64k", "1M", "2M"), List.of("", "0", "511", "3000", "4M", "x", "-1"));
            case "refcount_bits" -> mostly(List.of("1", "2", "8", "16", "64"), List.of("", "0", "3", "128", "x"));
            case "preallocation" -> mostly(PREALLOCATIONS, List.of("", "nosuch"));
            case "compression_type" -> mostly(List.of("zlib", "zstd"), List.of("", "lz4"));
            case "subformat" ->
                mostly(
                        List.of(
                                "monolithicSparse",
                                "monolithicFlat",
                                "twoGbMaxExtentSparse",
                                "twoGbMaxExtentFlat",
                                "streamOptimized"),
                        List.of("", "nosuch"));
            case "adapter_type" -> mostly(List.of("ide", "lsilogic", "buslogic", "legacyESX"), List.of("", "nosuch"));
            case "hwversion" -> mostly(List.of("4", "7", "undefined"), List.of("", "x"));
            case "backing_file" -> mostly(List.of("@/base.qcow2", "@/holes.raw"), List.of("", "@/nowhere"));
            case "backing_fmt" -> mostly(FORMATS, ODD_FORMATS);
            case "data_file" -> mostly(List.of("%/data.raw"), List.of(""));
            case "size" -> mostly(List.of("0", "1M", "3M", "65536"), List.of("", "x", "-1", "1000"));
            case "encrypt.format" -> mostly(List.of("luks", "aes"), List.of("", "nosuch"));
            case "extent_size_hint" -> mostly(List.of("0", "1M"), List.of("", "x"));
            default ->
                name.startsWith("encrypt.")
                        ? mostly(List.of("sec0"), List.of("", "nosuch"))
                        : mostly(SWITCHES, ODD_SWITCHES);
        };
    }

    private void operands(String name, String folder) {
        switch (name) {
            case "compare" -> {
                operands.add(image(folder));
                operands.add(image(folder));
            }
            case "convert" -> {
                operands.add(image(folder));
                if (random.nextInt(8) == 0) {
                    operands.add(image(folder));
                }
                operands.add(target());
            }
            case "create" -> {
                operands.add("%/" + pick(List.of("new", "new", "new", "base.qcow2", "holes.raw")));
                if (random.nextInt(4) != 0) {
                    operands.add(mostly(SIZES, safeOddSizes()));
                }
            }
            case "dd" -> dd(folder);
            case "measure" -> {
                if (random.nextInt(3) != 0) {
                    operands.add(image(folder));
                }
            }
            case "resize" -> {
                operands.add(image(folder));
                operands.add(pick(List.of("", "+", "-", "")) + mostly(SIZES, safeOddSizes()));
            }
            case "bitmap" -> {
                operands.add(
                        imageOpts
                                ? image(folder)
                                : folder + pick(List.of("bitmaps.qcow2", "in-use.qcow2", "base.qcow2", "holes.raw")));
                operands.add(mostly(List.of("one", "two", "new"), List.of("", "busy")));
            }
            default -> operands.add(image(folder));
        }
        if (random.nextInt(20) == 0 && !operands.isEmpty()) {
            operands.remove(random.nextInt(operands.size()));
        } else if (random.nextInt(30) == 0) {
            operands.add(pick(List.of("extra", "", "-")));
        }
    }

    /** Where nothing may be reserved for them, sizes may be absurd. */
    private List<String> safeOddSizes() {
        boolean reserves = options.stream()
                .anyMatch(word -> word.contains("preallocation")
                        || word.contains("full")
                        || word.contains("falloc")
                        || word.contains("metadata")
                        || word.contains("subformat")
                        || word.contains("vmdk"));
        return reserves ? List.of("", "x", "-1", "1000", "1.5") : ODD_SIZES;
    }

    private String target() {
        boolean exists = options.contains("-n");
        return "%/"
                + (exists && random.nextInt(4) != 0
                        ? pick(List.of(
                                "holes.raw",
                                "base.qcow2",
                                "over.qcow2",
                                "v2.qcow2",
                                "extended.qcow2",
                                "monolithicSparse.vmdk"))
                        : "new");
    }

    private void dd(String folder) {
        if (random.nextInt(15) != 0) {
            operands.add("if=" + image(folder));
        }
        if (random.nextInt(15) != 0) {
            operands.add("of=%/new");
        }
        if (random.nextBoolean()) {
            operands.add("bs=" + mostly(List.of("4k", "1k", "64k", "1M"), List.of("", "0", "x", "-1", "1000")));
        }
        if (random.nextInt(3) == 0) {
            operands.add("count=" + mostly(NUMBERS, List.of("", "0", "x", "-1", "1k")));
        }
        if (random.nextInt(3) == 0) {
            operands.add("skip=" + mostly(NUMBERS, List.of("", "0", "x", "-1", "1k", "1T")));
        }
        if (random.nextInt(30) == 0) {
            operands.add(pick(List.of("nosuch=1", "conv", "seek=1")));
        }
    }

    private String image(String folder) {
        String file = random.nextInt(4) == 0 ? mostly(HEALTHY, ODD) : this.file;
        String name = file.isEmpty() ? "" : folder + file;
        String format = formatOf(file);
        if (imageOpts) {
            return pick(List.of(
                    "driver=" + format + ",file.driver=file,file.filename=" + name,
                    "driver=" + format + ",file.filename=" + name,
                    "file.filename=" + name,
                    "driver=" + mostly(FORMATS, ODD_FORMATS) + ",file.filename=" + name,
                    "driver=" + format + ",file.filename=" + name + ",read-only=on",
                    "driver=" + format + ",file.filename=" + name + ",nosuch=1",
                    name));
        }
        return switch (random.nextInt(16)) {
            case 0 ->
                "json:{\"driver\":\"" + format + "\",\"file\":{\"driver\":\"file\",\"filename\":\"" + name + "\"}}";
            case 1 -> "json:{\"driver\":\"" + format + "\",\"file.filename\":\"" + name + "\"}";
            case 2 -> "file:" + name;
            default -> name;
        };
    }

    private static ImageFormat format(String name) {
        try {
            return AllFormats.images().format(name);
        } catch (ImageException missing) {
            throw new AssertionError(missing);
        }
    }

    private static String formatOf(String file) {
        return file.endsWith(".raw") ? "raw" : file.endsWith(".vmdk") ? "vmdk" : "qcow2";
    }

    private String mostly(List<String> sensible, List<String> odd) {
        return random.nextInt(6) == 0 ? pick(odd) : pick(sensible);
    }

    private <T> T pick(List<T> from) {
        return from.get(random.nextInt(from.size()));
    }
}
