package io.jimg.vmdk;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.spi.Schema;
import java.util.function.Function;

/** Options of a new VMDK image; names, defaults and words of help are QEMU's. */
public final class Vmdk {

    /** The adapter that a virtual machine is to show the disk on; decides the disk's geometry. */
    public enum AdapterType {
        /** IDE. */
        IDE("ide"),
        /** SCSI by LSI Logic. */
        LSILOGIC("lsilogic"),
        /** SCSI by BusLogic. */
        BUSLOGIC("buslogic"),
        /** Of old virtual machines of ESX Server, where it is not known. */
        LEGACY_ESX("legacyESX");

        private final String spelling;

        AdapterType(String spelling) {
            this.spelling = spelling;
        }

        /** The type as descriptors have it. */
        public String spelling() {
            return spelling;
        }
    }

    /** How a disk is cut and stored. */
    public enum Subformat {
        /** One file of grains, which holds its descriptor. */
        MONOLITHIC_SPARSE("monolithicSparse"),
        /** A descriptor, and one file of the disk's size. */
        MONOLITHIC_FLAT("monolithicFlat"),
        /** A descriptor, and files of grains for 2 GiB each. */
        TWO_GB_MAX_EXTENT_SPARSE("twoGbMaxExtentSparse"),
        /** A descriptor, and files of at most 2 GiB. */
        TWO_GB_MAX_EXTENT_FLAT("twoGbMaxExtentFlat"),
        /** One file of compressed grains, to be read and written forwards. */
        STREAM_OPTIMIZED("streamOptimized");

        private final String spelling;

        Subformat(String spelling) {
            this.spelling = spelling;
        }

        /** The subformat as descriptors have it. */
        public String spelling() {
            return spelling;
        }

        /** Whether extents hold bytes as they are. */
        public boolean flat() {
            return this == MONOLITHIC_FLAT || this == TWO_GB_MAX_EXTENT_FLAT;
        }

        /** Whether extents end after 2 GiB. */
        public boolean split() {
            return this == TWO_GB_MAX_EXTENT_SPARSE || this == TWO_GB_MAX_EXTENT_FLAT;
        }
    }

    /** The value of {@link #HARDWARE_VERSION} that stands for the default. */
    public static final String UNDEFINED = "undefined";

    /** The guest's size in bytes; rounded up to a multiple of 512. */
    public static final Option<Long> SIZE = Option.of("size", OptionType.SIZE, "Virtual disk size");

    /** The adapter; {@link AdapterType#IDE} where it is not given. */
    public static final Option<AdapterType> ADAPTER_TYPE = Option.of(
            "adapter_type",
            word(AdapterType.values(), AdapterType::spelling),
            "Virtual adapter type, can be one of ide (default), lsilogic, buslogic or legacyESX");

    /** The parent's name, as it is to stand in the descriptor. */
    public static final Option<String> BACKING_FILE =
            Option.of("backing_file", OptionType.STRING, "File name of a base image");

    /** The parent's format. */
    public static final Option<String> BACKING_FORMAT =
            Option.of("backing_fmt", OptionType.STRING, "Must be 'vmdk' if present");

    /** Whether the hardware version is 6. */
    public static final Option<Boolean> COMPAT6 = Option.of("compat6", OptionType.BOOL, false, "VMDK version 6 image");

    /** The hardware version; 4 where it is undefined. */
    public static final Option<String> HARDWARE_VERSION =
            Option.of("hwversion", OptionType.STRING, UNDEFINED, "VMDK hardware version");

    /**
     * The version of VMware's tools in the guest; 2147483647 where it is not given, which stands for tools that VMware
     * does not manage.
     */
    public static final Option<String> TOOLS_VERSION =
            Option.of("toolsversion", OptionType.STRING, "VMware guest tools version");

    /** How the disk is stored; {@link Subformat#MONOLITHIC_SPARSE} where it is not given. */
    public static final Option<Subformat> SUBFORMAT = Option.of(
            "subformat",
            word(Subformat.values(), Subformat::spelling),
            "VMDK flat extent format, can be one of {monolithicSparse (default) | monolithicFlat | twoGbMaxExtentSparse"
                    + " | twoGbMaxExtentFlat | streamOptimized} ");

    /** Whether tables may say that a grain is zero. */
    public static final Option<Boolean> ZEROED_GRAIN = Option.of(
            "zeroed_grain", OptionType.BOOL, "Enable efficient zero writes using the zeroed-grain GTE feature");

    /** Options of a new image, in the order in which QEMU echoes them. */
    public static final Schema CREATE = Schema.of(
            SIZE,
            ADAPTER_TYPE,
            BACKING_FILE,
            BACKING_FORMAT,
            COMPAT6,
            HARDWARE_VERSION,
            TOOLS_VERSION,
            SUBFORMAT,
            ZEROED_GRAIN);

    private Vmdk() {}

    /** One of some words, with QEMU's sentence for any other. */
    private static <E extends Enum<E>> OptionType<E> word(E[] constants, Function<E, String> spelling) {
        return new OptionType<>() {
            @Override
            public String placeholder() {
                return STRING.placeholder();
            }

            @Override
            public E parse(String name, String text) throws ImageException {
                for (E constant : constants) {
                    if (spelling.apply(constant).equals(text)) {
                        return constant;
                    }
                }
                throw new ImageException(ErrorKind.BAD_OPTION, "invalid parameter value: " + text);
            }

            @Override
            public String print(E value) {
                return spelling.apply(value);
            }
        };
    }
}
