package io.jimg.fuzz;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * Changes an image as a fuzzer's bytes say: mostly numbers that mean something, to values that may hurt, so that what
 * is left of the image leads deep into the code. Not for several threads.
 */
final class Mutation {
    private static final int MOST_EDITS = 12;

    /** An image does not grow beyond this. */
    private static final int LONGEST = 6 << 20;

    private static final long[] VALUES = {
        0,
        1,
        2,
        7,
        9,
        -1,
        -2,
        512,
        65536,
        65537,
        1 << 21,
        Integer.MAX_VALUE,
        1L << 31,
        0xFFFF_FFFFL,
        1L << 32,
        1L << 40,
        1L << 54,
        1L << 55,
        1L << 56,
        1L << 61,
        1L << 62,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        Long.MAX_VALUE & -65536
    };

    /** What may stand where an image has text. */
    private static final String[] WORDS = {
        "/etc/passwd",
        "../../secret",
        "json:{\"driver\":\"raw\",\"file\":{\"driver\":\"file\",\"filename\":\"/etc/passwd\"}}",
        "json:{\"file\":{\"driver\":\"host_device\",\"filename\":\"/dev/zero\"}}",
        "json:{",
        "nbd://localhost/x",
        "file:base.raw",
        "null-co://",
        "name\nwith\u001b[31m lines",
        "\0",
        "raw",
        "qcow2",
        "vmdk",
        "%s%n",
        "RW 8 FLAT \"/dev/zero\" 0\n",
        "RW 18014398509481983 ZERO\n",
        "RW 2048 SPARSE \"x\"\n",
        "createType=\"vmfs\"\n",
        "parentFileNameHint=\"",
        "parentCID=00000001\n",
        "encoding=\"UTF-16\"\n",
        "# Disk DescriptorFile\n",
        "\"",
        "cbc-essiv:sha256",
        "xts-plain64",
        "ecb",
        "aes",
        "sha1"
    };

    private final FuzzInput input;
    private final List<Site> sites;
    private byte[] image;

    private Mutation(FuzzInput input, byte[] seed, List<Site> sites) {
        this.input = input;
        this.image = seed.clone();
        this.sites = sites;
    }

    /** A seed with as many changes as the input begins with. */
    static byte[] of(FuzzInput input, byte[] seed) {
        Mutation mutation = new Mutation(input, seed, Anatomy.of(seed));
        int edits = input.below(MOST_EDITS);
        for (int i = 0; i < edits; i++) {
            mutation.edit();
        }
        return mutation.image;
    }

    private void edit() {
        int kind = input.below(12);
        if (sites.isEmpty() && kind < 7) {
            kind = 7 + kind % 5;
        }
        switch (kind) {
            case 0, 1 -> put(VALUES[input.below(VALUES.length)]);
            case 2 -> put(place());
            case 3 -> nudge();
            case 4 -> flip();
            case 5 -> put(site().get(view()));
            case 6 -> appendTable();
            case 7 -> write(input.take(1 + input.below(8)));
            case 8 -> write(WORDS[input.below(WORDS.length)].getBytes(StandardCharsets.UTF_8));
            case 9 -> cut();
            case 10 -> copy();
            default -> insert(WORDS[input.below(WORDS.length)].getBytes(StandardCharsets.UTF_8));
        }
    }

    private ByteBuffer view() {
        return ByteBuffer.wrap(image);
    }

    private Site site() {
        // An image that was cut short may have lost some.
        Site site = sites.get(input.below(sites.size()));
        if (site.hostOffset() + site.width() > image.length) {
            image = Arrays.copyOf(image, site.hostOffset() + site.width());
        }
        return site;
    }

    private void put(long value) {
        site().put(view(), value);
    }

    /** Somewhere in the image, at its end or a little behind it, in the format's unit. */
    private long place() {
        int unit = sites.get(0).unit();
        int grain = 1 << (9 + input.below(8));
        long at = input.oneOf(0, 1, 2, 3, 5, image.length / grain, image.length / grain + 1, input.next16())
                * (long) grain;
        return at / unit | (unit == 1 ? input.oneOf(0L, 0L, 1L << 63, 1L << 62, 1L) : 0);
    }

    private void nudge() {
        Site site = site();
        site.put(view(), site.get(view()) + input.oneOf(1, -1, 8, -8, 512, -512, 65536, -65536));
    }

    private void flip() {
        Site site = site();
        site.put(view(), site.get(view()) ^ 1L << input.below(8 * site.width()));
    }

    /** Puts a table of entries that follow a rule behind the image, and lets a number point there. */
    private void appendTable() {
        Site site = site();
        int grain = 512 << input.oneOf(0, 3, 7, 7);
        int at = (image.length + grain - 1) / grain * grain;
        if (at + grain > LONGEST) {
            return;
        }
        int width = site.width() == 8 ? 8 : 4;
        long self = at / site.unit();
        long flags = site.unit() == 1 ? input.oneOf(0L, 1L << 63, 1L << 62, 1L, 1L << 63 | 1) : 0;
        long first = input.oneOf(self, 0L, self + grain / site.unit(), place() & ~(1L << 63), -1L);
        long step = input.oneOf(0L, (long) grain / site.unit(), 1L, 512L);
        image = Arrays.copyOf(image, at + grain);
        for (int i = 0; i < grain / width; i++) {
            new Site(at + i * width, width, site.order(), site.unit()).put(view(), (first + i * step) | flags);
        }
        site.put(view(), self | (flags & 1L << 63));
    }

    private int anywhere() {
        int at = input.next() << 16 | input.next16();
        return image.length == 0 ? 0 : at % image.length;
    }

    private void write(byte[] bytes) {
        int at = anywhere();
        System.arraycopy(bytes, 0, image, at, Math.min(bytes.length, image.length - at));
    }

    private void insert(byte[] bytes) {
        int at = anywhere();
        byte[] longer = new byte[image.length + bytes.length];
        System.arraycopy(image, 0, longer, 0, at);
        System.arraycopy(bytes, 0, longer, at, bytes.length);
        System.arraycopy(image, at, longer, at + bytes.length, image.length - at);
        image = longer;
    }

    private void cut() {
        image = Arrays.copyOf(
                image, input.oneOf(anywhere(), image.length / 512 * 512, Math.min(image.length + 1, LONGEST)));
    }

    private void copy() {
        int length = Math.min(512 << input.below(8), image.length);
        int from = anywhere();
        int to = anywhere();
        System.arraycopy(image, from, image, to, Math.min(length, image.length - Math.max(from, to)));
    }
}
