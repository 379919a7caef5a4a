package io.jimg.spi;

import java.io.IOException;
import java.util.Arrays;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** Closes several things, so that one that fails keeps none of the others open. */
public final class Closing {
    private Closing() {}

    /**
     * Closes all, in their order, whatever fails.
     *
     * @param opened what to close; null entries are passed over
     * @throws IOException the first failure, with the others suppressed
     */
    public static void all(Collection<? extends @Nullable AutoCloseable> opened) throws IOException {
        Exception first = null;
        for (AutoCloseable each : opened) {
            try {
                if (each != null) {
                    each.close();
                }
            } catch (Exception failure) {
                if (first == null) {
                    first = failure;
                } else {
                    first.addSuppressed(failure);
                }
            }
        }
        if (first instanceof IOException failure) {
            throw failure;
        }
        if (first instanceof RuntimeException bug) {
            throw bug;
        }
        if (first != null) {
            throw new IOException(first);
        }
    }

    /**
     * Closes what was opened before something failed.
     *
     * @param failure what is about to be thrown; what fails now is suppressed by it
     * @param opened what to close; null entries are passed over
     */
    public static void after(Throwable failure, @Nullable AutoCloseable... opened) {
        after(failure, Arrays.asList(opened));
    }

    /** As {@link #after(Throwable, AutoCloseable...)}. */
    public static void after(Throwable failure, Collection<? extends @Nullable AutoCloseable> opened) {
        try {
            all(opened);
        } catch (IOException | RuntimeException second) {
            failure.addSuppressed(second);
        }
    }
}
