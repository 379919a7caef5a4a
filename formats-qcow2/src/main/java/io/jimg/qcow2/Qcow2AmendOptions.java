package io.jimg.qcow2;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.spi.Schema;
import java.util.ArrayList;
import java.util.List;

/**
 * Options of a qcow2 image that can be changed after it was created; names and words of help are QEMU's. None has a
 * default: what is not given stays.
 */
public final class Qcow2AmendOptions {
    /** The format's version. */
    public static final Option<Qcow2.Compat> COMPAT =
            Option.of(Qcow2.COMPAT.name(), new CompatType(), Qcow2.COMPAT.help());

    /** Bits in a refcount: a power of two from 1 to 64. */
    public static final Option<Long> REFCOUNT_BITS =
            Option.of(Qcow2.REFCOUNT_BITS.name(), Qcow2.REFCOUNT_BITS.type(), Qcow2.REFCOUNT_BITS.help());

    /** Whether refcounts may be written late. */
    public static final Option<Boolean> LAZY_REFCOUNTS =
            Option.of(Qcow2.LAZY_REFCOUNTS.name(), OptionType.BOOL, Qcow2.LAZY_REFCOUNTS.help());

    /** All of them. */
    public static final Schema SCHEMA = schema();

    private Qcow2AmendOptions() {}

    private static Schema schema() {
        List<Option<?>> all = new ArrayList<>(
                List.of(Qcow2.BACKING_FILE, Qcow2.BACKING_FORMAT, COMPAT, Qcow2.DATA_FILE, Qcow2.DATA_FILE_RAW));
        all.addAll(Qcow2.LUKS.change());
        all.addAll(List.of(LAZY_REFCOUNTS, REFCOUNT_BITS, Qcow2.SIZE));
        return new Schema(all);
    }

    private static final class CompatType implements OptionType<Qcow2.Compat> {
        @Override
        public String placeholder() {
            return Qcow2.COMPAT.type().placeholder();
        }

        @Override
        public Qcow2.Compat parse(String name, String text) throws ImageException {
            for (Qcow2.Compat compat : Qcow2.Compat.values()) {
                if (print(compat).equals(text)) {
                    return compat;
                }
            }
            throw new ImageException(ErrorKind.BAD_OPTION, "Unknown compatibility level " + text);
        }

        @Override
        public String print(Qcow2.Compat value) {
            return Qcow2.COMPAT.type().print(value);
        }
    }
}
