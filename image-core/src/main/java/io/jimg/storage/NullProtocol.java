package io.jimg.storage;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.Options;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ProtocolDriver;
import io.jimg.spi.Schema;

/**
 * The protocol {@code null-co}: zeroes without end, and a place where whatever is written vanishes. For tests and
 * measurements.
 */
public final class NullProtocol implements ProtocolDriver {
    /** The protocol's name. */
    public static final String NAME = "null-co";

    /** The length in bytes. */
    public static final Option<Long> SIZE = Option.of("size", OptionType.SIZE, 1L << 30, "size of the null block");

    /** Whether all of it is known to be zero without being read. */
    public static final Option<Boolean> READ_ZEROES =
            Option.of("read-zeroes", OptionType.BOOL, false, "return zeroes when read");

    private static final Option<String> FILENAME = Option.of("filename", OptionType.STRING, "");
    private static final Schema SCHEMA = Schema.of(FILENAME, SIZE, READ_ZEROES);
    private static final String PREFIX = NAME + "://";

    /** The driver. */
    public NullProtocol() {}

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Schema schema() {
        return SCHEMA;
    }

    @Override
    public DottedOptions parseName(String name) throws ImageException {
        if (!name.equals(PREFIX)) {
            throw new ImageException(
                    ErrorKind.BAD_OPTION, "The only allowed filename for this driver is '" + PREFIX + "'");
        }
        return DottedOptions.EMPTY;
    }

    @Override
    public String nameOf(Options options) {
        return PREFIX;
    }

    @Override
    public Storage open(Options options, Mode mode) {
        return new NullStorage(NAME, PREFIX, options.require(SIZE), !mode.writable(), options.require(READ_ZEROES));
    }

    @Override
    public Storage create(Options options, Mode mode) throws ImageException {
        throw new ImageException(
                ErrorKind.UNSUPPORTED, "Protocol driver '" + NAME + "' does not support creating new images");
    }

    @Override
    public boolean exists(Options options) {
        return true;
    }

    @Override
    public void delete(Options options) {
        // Nothing is there.
    }
}
