package io.jimg.qcow2.use;

import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.Secrets;
import io.jimg.qcow2.Qcow2;
import io.jimg.qcow2.Qcow2OpenOptions;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.DottedOptions;
import io.jimg.storage.Storage;
import io.jimg.testkit.KeptStorage;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * What an image under test is like.
 *
 * @param create options of creation, as text
 * @param open options of opening, as text
 * @param size guest bytes
 * @param layer what lies beneath
 * @param dataFile whether guest data lies in another file
 * @param start what the image holds at first
 */
record Configuration(String create, String open, int size, Layer layer, boolean dataFile, Start start) {
    static final String BASE = "base.qcow2";
    static final String DATA = "data.raw";

    /** Beneath the image. */
    enum Layer {
        NONE,
        SAME_SIZE,
        SHORTER
    }

    /** In the image at first. */
    enum Start {
        EMPTY,
        MIXED,
        COMPRESSED,
        /** Data until the first cluster of the refcount table is all but used up. */
        NEARLY_FULL
    }

    private static final String ENCRYPTION = "encrypt.format";
    private static final String SECRET = "s";
    static final String PASSPHRASE = "geheim";

    /** What tests of encrypted images know. */
    static final Secrets SECRETS = id -> id.equals(SECRET) ? PASSPHRASE.getBytes(StandardCharsets.US_ASCII) : null;

    private static final String[] CIPHERS = {"aes-128 cbc", "aes-256 xts", "aes-128 ctr", "twofish-128 xts"};

    private static final int[] CLUSTERS = {512, 1024, 4096, 16384, 65536, 2 << 20};
    private static final int[] WIDTHS = {1, 2, 4, 8, 16, 16, 16, 32, 64};

    /** One of all that are valid. */
    static Configuration random(Random random, boolean small) {
        boolean extended = random.nextInt(3) == 0;
        int cluster = extended
                ? 16384 << random.nextInt(small ? 2 : 3)
                : CLUSTERS[random.nextInt(small ? 4 : CLUSTERS.length)];
        boolean old = !extended && random.nextInt(8) == 0;
        Map<String, String> create = new LinkedHashMap<>();
        create.put("cluster_size", Integer.toString(cluster));
        if (extended) {
            create.put("extended_l2", "on");
        }
        create.put("compat", old ? "v2" : "v3");
        if (!old) {
            create.put("refcount_bits", Integer.toString(WIDTHS[random.nextInt(WIDTHS.length)]));
            create.put("lazy_refcounts", random.nextInt(5) == 0 ? "on" : "off");
            create.put("compression_type", random.nextInt(3) == 0 ? "zstd" : "zlib");
        }
        if (random.nextInt(5) == 0) {
            create.putAll(encryption(random, small));
        }
        boolean dataFile = !old && !small && random.nextInt(6) == 0;
        Layer layer = Layer.values()[random.nextInt(Layer.values().length)];
        if (dataFile) {
            create.put("data_file", DATA);
            if (random.nextBoolean()) {
                create.put("data_file_raw", "on");
                layer = Layer.NONE;
            }
        }
        if (layer != Layer.NONE) {
            create.put("backing_file", BASE);
            create.put("backing_fmt", "qcow2");
        } else if (random.nextInt(8) == 0) {
            create.put("preallocation", "metadata");
        }
        Start start = Start.values()[random.nextInt(Start.NEARLY_FULL.ordinal())];
        if ((dataFile || create.containsKey(ENCRYPTION)) && start == Start.COMPRESSED) {
            start = Start.MIXED;
        }
        if (create.containsKey("preallocation")) {
            start = Start.EMPTY;
        }
        String open = switch (random.nextInt(4)) {
            case 0 ->
                "l2-cache-size=" + 2 * Math.min(cluster, 4096) + ",l2-cache-entry-size=" + Math.min(cluster, 4096);
            case 1 -> "pass-discard-other=on";
            case 2 -> "pass-discard-request=off,refcount-cache-size=" + 4 * cluster;
            default -> "";
        };
        int size = small
                ? Math.max(3 * cluster, 10_000 + random.nextInt(150_000)) / 512 * 512
                : Math.max(2 * cluster, 50_000 + random.nextInt(random.nextInt(4) == 0 ? 3 << 20 : 400_000))
                        / 512
                        * 512;
        return new Configuration(join(create), open, size, layer, dataFile, start);
    }

    /** The old method, or LUKS, whose header is larger than a small image. */
    private static Map<String, String> encryption(Random random, boolean small) {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("encrypt.key-secret", SECRET);
        if (random.nextInt(small ? 4 : 2) > 0) {
            options.put(ENCRYPTION, "aes");
            return options;
        }
        String[] cipher = CIPHERS[random.nextInt(CIPHERS.length)].split(" ");
        options.put(ENCRYPTION, "luks");
        options.put("encrypt.cipher-alg", cipher[0]);
        options.put("encrypt.cipher-mode", cipher[1]);
        return options;
    }

    /** Whether a passphrase is needed. */
    boolean encrypted() {
        return create.contains(ENCRYPTION);
    }

    /** Words by which the real tools open an image of this kind. */
    List<Object> words(String file) {
        return encrypted()
                ? List.of(
                        "--object",
                        "secret,id=" + SECRET + ",data=" + PASSPHRASE,
                        "--image-opts",
                        "driver=qcow2,file.filename=" + file + ",encrypt.key-secret=" + SECRET)
                : List.of("--image-opts", "driver=qcow2,file.filename=" + file);
    }

    /**
     * An image whose refcount table must grow soon: it has clusters of 512 bytes, and its first table describes 2 MiB.
     */
    static Configuration growing(Random random) {
        String create = "cluster_size=512,refcount_bits=64,lazy_refcounts=" + (random.nextInt(4) == 0 ? "on" : "off");
        return new Configuration(create, "", 2_300_416, Layer.NONE, false, Start.NEARLY_FULL);
    }

    /** For creating it. */
    CreateRequest request(@Nullable Storage data) throws ImageException {
        Options options = Qcow2.CREATE.parse(DottedOptions.of(split(create)));
        return new CreateRequest(
                size,
                options,
                name -> {
                    if (data == null) {
                        throw new AssertionError("no data file is expected: " + name);
                    }
                    return new KeptStorage(data);
                },
                SECRETS);
    }

    /** For opening it. */
    Options openOptions() throws ImageException {
        DottedOptions text = DottedOptions.of(split(open));
        return Qcow2OpenOptions.SCHEMA.parse(encrypted() ? text.with("encrypt.key-secret", SECRET) : text);
    }

    /** Guest bytes of what lies beneath. */
    int layerSize() {
        return switch (layer) {
            case NONE -> 0;
            case SAME_SIZE -> size;
            case SHORTER -> Math.max(512, size / 2 / 512 * 512);
        };
    }

    private static String join(Map<String, String> options) {
        StringBuilder text = new StringBuilder();
        options.forEach((key, value) ->
                text.append(text.isEmpty() ? "" : ",").append(key).append('=').append(value));
        return text.toString();
    }

    private static Map<String, String> split(String options) {
        Map<String, String> map = new LinkedHashMap<>();
        if (!options.isEmpty()) {
            for (String option : options.split(",")) {
                int equals = option.indexOf('=');
                map.put(option.substring(0, equals), option.substring(equals + 1));
            }
        }
        return map;
    }
}
