package io.jimg.ops;

import io.jimg.ImageException;
import java.io.IOException;

/** A comparison stopped since an image cannot be read; the message is qemu-img's. */
public final class ComparisonException extends ImageException {
    private static final long serialVersionUID = 1L;

    private final long guestOffset;
    private final boolean inStatus;

    private ComparisonException(ImageException failure, String sentence, long guestOffset, boolean inStatus) {
        super(failure.kind(), sentence, failure.resource(), failure.offset(), failure);
        this.guestOffset = guestOffset;
        this.inStatus = inStatus;
    }

    /** The image of that name does not give its bytes. */
    static ComparisonException ofRead(String name, long guestOffset, IOException failure) {
        ImageException cause = ImageException.wrap(failure);
        String sentence = "Error while reading offset " + guestOffset + " of " + name + ": " + cause.getMessage();
        return new ComparisonException(cause, sentence, guestOffset, false);
    }

    /** The image of that name does not tell what of it is allocated. */
    static ComparisonException ofStatus(String name, long guestOffset, IOException failure) {
        return new ComparisonException(
                ImageException.wrap(failure), "Sector allocation test failed for " + name, guestOffset, true);
    }

    /** Guest offset up to which nothing was found to differ. */
    public long guestOffset() {
        return guestOffset;
    }

    /** Whether the image failed to tell what is allocated, rather than to give its bytes. */
    public boolean inStatus() {
        return inStatus;
    }
}
