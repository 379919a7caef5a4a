package io.jimg.qcow2.image;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.qcow2.Qcow2OpenOptions;
import io.jimg.qcow2.header.CryptMethod;
import io.jimg.qcow2.header.Header;
import java.util.Locale;

/** What open options must not say together, or of this image. */
final class OptionRules {
    private OptionRules() {}

    /**
     * Checks options that each are legal.
     *
     * @throws ImageException {@link ErrorKind#BAD_OPTION}, with QEMU's sentence
     */
    static void check(Options options, Header header) throws ImageException {
        Qcow2OpenOptions.OverlapCheck one = options.get(Qcow2OpenOptions.OVERLAP_CHECK);
        Qcow2OpenOptions.OverlapCheck two = options.get(Qcow2OpenOptions.OVERLAP_CHECK_TEMPLATE);
        if (one != null && two != null && one != two) {
            throw refused("Conflicting values for qcow2 options 'overlap-check' ('" + words(one)
                    + "') and 'overlap-check.template' ('" + words(two) + "')");
        }
        String format = options.get(Qcow2OpenOptions.ENCRYPT_FORMAT);
        if (format == null) {
            return;
        }
        if (header.cryptMethod() == CryptMethod.NONE) {
            throw refused("No encryption in image header, but options specified format '" + format + "'");
        }
        if (!format.equals(words(header.cryptMethod()))) {
            throw refused("Header reported '" + words(header.cryptMethod())
                    + "' encryption format but options specify '" + format + "'");
        }
    }

    private static String words(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static ImageException refused(String message) {
        return new ImageException(ErrorKind.BAD_OPTION, message);
    }
}
