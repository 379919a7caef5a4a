package io.jimg.qcow2.image;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.qcow2.Qcow2;
import io.jimg.qcow2.Qcow2AmendOptions;
import io.jimg.qcow2.encryption.KeySlotAmend;
import io.jimg.qcow2.header.Header;
import java.io.IOException;
import java.util.Objects;

/**
 * What an image is to become, after all options were checked against it and each other, with QEMU's sentences.
 *
 * @param upgrade whether version 3 is to be made of version 2
 * @param downgrade whether version 2 is to be made of version 3
 * @param refcountOrder log2 of the refcounts' width in bits
 * @param keySlots whether passphrases are to come or go
 */
record AmendPlan(boolean upgrade, boolean downgrade, int refcountOrder, boolean keySlots) {
    private static final int SECTOR = 512;

    /**
     * Checks the options.
     *
     * @throws ImageException {@link ErrorKind#BAD_OPTION}, {@link ErrorKind#UNSUPPORTED}
     */
    static AmendPlan of(Qcow2Image image, Options options) throws IOException {
        Header header = image.header();
        int present = header.version();
        int version = options.has(Qcow2AmendOptions.COMPAT)
                ? options.require(Qcow2AmendOptions.COMPAT).version()
                : present;
        boolean keySlots = KeySlotAmend.wanted(options::has, header);
        checkDataFile(options, header);
        int order = order(options, header);
        if (order != 4 && version < 3) {
            throw fail(
                    options.has(Qcow2AmendOptions.REFCOUNT_BITS)
                            ? "Refcount widths other than 16 bits require compatibility level 1.1 or above (use"
                                    + " compat=1.1 or greater)"
                            : "compat=0.10 requires refcount_bits=16");
        }
        checkBacking(options, header);
        if (options.has(Qcow2AmendOptions.LAZY_REFCOUNTS)
                && options.require(Qcow2AmendOptions.LAZY_REFCOUNTS)
                && version < 3) {
            throw fail("Lazy refcounts only supported with compatibility level 1.1 and above (use compat=1.1 or"
                    + " greater)");
        }
        long size = options.has(Qcow2.SIZE) ? options.require(Qcow2.SIZE) : header.size();
        if (size % SECTOR != 0) {
            throw fail("The new size must be a multiple of 512");
        }
        return new AmendPlan(version >= 3 && present < 3, version < 3 && present >= 3, order, keySlots);
    }

    private static void checkDataFile(Options options, Header header) throws ImageException {
        if (options.has(Qcow2.DATA_FILE) && !header.hasDataFile()) {
            throw fail("data-file can only be set for images that use an external data file");
        }
        if (options.has(Qcow2.DATA_FILE_RAW) && options.require(Qcow2.DATA_FILE_RAW) && !header.dataFileRaw()) {
            throw fail("data-file-raw cannot be set on existing images");
        }
    }

    private static int order(Options options, Header header) throws ImageException {
        if (!options.has(Qcow2AmendOptions.REFCOUNT_BITS)) {
            return header.refcountOrder();
        }
        long bits = options.require(Qcow2AmendOptions.REFCOUNT_BITS);
        if (bits < 1 || bits > 64 || Long.bitCount(bits) != 1) {
            throw fail("Refcount width must be a power of two and may not exceed 64 bits");
        }
        return Long.numberOfTrailingZeros(bits);
    }

    /** It may be named as it is, and by its format, too. */
    private static void checkBacking(Options options, Header header) throws ImageException {
        if ((options.has(Qcow2.BACKING_FILE) || options.has(Qcow2.BACKING_FORMAT))
                && !(Objects.equals(options.get(Qcow2.BACKING_FILE), header.backingName())
                        && Objects.equals(options.get(Qcow2.BACKING_FORMAT), header.backingFormat()))) {
            throw fail("Cannot amend the backing file\nYou can use 'qemu-img rebase' instead.");
        }
    }

    private static ImageException fail(String sentence) {
        return new ImageException(ErrorKind.BAD_OPTION, sentence);
    }
}
