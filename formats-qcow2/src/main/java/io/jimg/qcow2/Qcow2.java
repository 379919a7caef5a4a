package io.jimg.qcow2;

import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.crypto.LuksOptions;
import io.jimg.spi.Schema;
import java.util.ArrayList;
import java.util.List;

/** Options of a new qcow2 image; names, defaults and words of help are QEMU's. */
public final class Qcow2 {

    /** Versions of the format as they are written in {@link #COMPAT}. */
    public enum Compat {
        /** Version 2, readable by QEMU 0.10. */
        VERSION_2("v2", 2),
        /** Version 2 by the release that brought it. */
        QEMU_0_10("0.10", 2),
        /** Version 3, readable by QEMU 1.1. */
        VERSION_3("v3", 3),
        /** Version 3 by the release that brought it. */
        QEMU_1_1("1.1", 3);

        private final String spelling;
        private final int version;

        Compat(String spelling, int version) {
            this.spelling = spelling;
            this.version = version;
        }

        /** The version in the header: 2 or 3. */
        public int version() {
            return version;
        }
    }

    /** How clusters are compressed. */
    public enum CompressionMethod {
        /** Deflate. */
        ZLIB,
        /** Zstandard. */
        ZSTD
    }

    /** What is allocated when an image is created. */
    public enum Preallocation {
        /** Nothing. */
        OFF,
        /** L2 tables and a place for every cluster, none of which is written. */
        METADATA,
        /** Metadata, and the host's file system reserves the space. */
        FALLOC,
        /** Metadata, and zeroes are written to every cluster. */
        FULL
    }

    /** Deprecated: {@code encrypt.format=aes}. */
    public static final Option<Boolean> ENCRYPTION = Option.of(
            "encryption",
            OptionType.BOOL,
            "Encrypt the image with format 'aes'. (Deprecated in favor of encrypt.format=aes)");

    /** How guest data is encrypted. */
    public static final Option<String> ENCRYPT_FORMAT =
            Option.of("encrypt.format", OptionType.STRING, "Encrypt the image, format choices: 'aes', 'luks'");

    /** How guest data is encrypted in detail, and with which passphrase. */
    public static final LuksOptions LUKS =
            new LuksOptions("encrypt.", "ID of secret providing qcow AES key or LUKS passphrase");

    /** Bytes in a cluster: a power of two from 512 to 2 MiB. */
    public static final Option<Long> CLUSTER_SIZE =
            Option.of("cluster_size", OptionType.SIZE, 65536L, "qcow2 cluster size");

    /** Whether L2 entries have subclusters. */
    public static final Option<Boolean> EXTENDED_L2 =
            Option.of("extended_l2", OptionType.BOOL, false, "Extended L2 tables");

    /** What is allocated at once; {@code off} where it is not given. */
    public static final Option<Preallocation> PREALLOCATION = Option.of(
            "preallocation",
            OptionType.choice(Preallocation.values()),
            "Preallocation mode (allowed values: off, metadata, falloc, full)");

    /** How clusters are compressed. */
    public static final Option<CompressionMethod> COMPRESSION_TYPE = Option.of(
            "compression_type",
            named("compression-type", OptionType.choice(CompressionMethod.values())),
            CompressionMethod.ZLIB,
            "Compression method used for image cluster compression");

    /** The guest's size in bytes. */
    public static final Option<Long> SIZE = Option.of("size", OptionType.SIZE, "Virtual disk size");

    /** The format's version; 3 where it is not given. */
    public static final Option<Compat> COMPAT = Option.of(
            "compat",
            named("version", OptionType.choice(Compat.values(), compat -> compat.spelling)),
            "Compatibility level (v2 [0.10] or v3 [1.1])");

    /** The backing file's name, as it is to stand in the header. */
    public static final Option<String> BACKING_FILE =
            Option.of("backing_file", OptionType.STRING, "File name of a base image");

    /** The backing file's format. */
    public static final Option<String> BACKING_FORMAT =
            Option.of("backing_fmt", OptionType.STRING, "Image format of the base image");

    /** A literal file name: where guest data is to lie. */
    public static final Option<String> DATA_FILE =
            Option.of("data_file", OptionType.STRING, "File name of an external data file");

    /** Whether the data file must stay a valid raw image. */
    public static final Option<Boolean> DATA_FILE_RAW =
            Option.of("data_file_raw", OptionType.BOOL, "The external data file must stay valid as a raw image");

    /** Whether refcounts may be written late. */
    public static final Option<Boolean> LAZY_REFCOUNTS =
            Option.of("lazy_refcounts", OptionType.BOOL, false, "Postpone refcount updates");

    /** Bits in a refcount: a power of two from 1 to 64. */
    public static final Option<Long> REFCOUNT_BITS =
            Option.of("refcount_bits", signed(OptionType.NUMBER), 16L, "Width of a reference count entry in bits");

    /** Options of a new image, in the order in which QEMU declares and echoes them. */
    public static final Schema CREATE = creation();

    private Qcow2() {}

    private static Schema creation() {
        List<Option<?>> all = new ArrayList<>(List.of(ENCRYPTION, ENCRYPT_FORMAT));
        all.addAll(LUKS.creation());
        all.addAll(List.of(
                CLUSTER_SIZE,
                EXTENDED_L2,
                PREALLOCATION,
                COMPRESSION_TYPE,
                SIZE,
                COMPAT,
                BACKING_FILE,
                BACKING_FORMAT,
                DATA_FILE,
                DATA_FILE_RAW,
                LAZY_REFCOUNTS,
                REFCOUNT_BITS));
        return new Schema(all);
    }

    /** Negative numbers, too: QEMU reads them as very large ones, and echoes them before it refuses them. */
    private static OptionType<Long> signed(OptionType<Long> type) {
        return new OptionType<>() {
            @Override
            public String placeholder() {
                return type.placeholder();
            }

            @Override
            public Long parse(String name, String text) throws ImageException {
                return text.startsWith("-") ? -type.parse(name, text.substring(1)) : type.parse(name, text);
            }

            @Override
            public String print(Long value) {
                return type.print(value);
            }
        };
    }

    /** A type whose failures name the parameter as QEMU's inner interface does. */
    private static <T> OptionType<T> named(String parameter, OptionType<T> type) {
        return new OptionType<>() {
            @Override
            public String placeholder() {
                return type.placeholder();
            }

            @Override
            public T parse(String name, String text) throws ImageException {
                return type.parse(parameter, text);
            }

            @Override
            public String print(T value) {
                return type.print(value);
            }
        };
    }
}
