package io.jimg.ops;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.host.Errno;
import io.jimg.host.file.FileHints;
import io.jimg.storage.FileCreation;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.util.function.Consumer;

/** Tells the host of a new file what {@link FileCreation}'s options ask for. None of it must succeed. */
final class FileHinting {
    private FileHinting() {}

    /** Refuses what cannot be told. */
    static void check(Options options) throws ImageException {
        Long extentSize = options.get(FileCreation.EXTENT_SIZE_HINT);
        if (extentSize != null && extentSize > FileHints.LARGEST_EXTENT_SIZE) {
            throw new ImageException(ErrorKind.BAD_OPTION, "Extent size hint is too large");
        }
    }

    /**
     * Tells it.
     *
     * @param file empty
     * @param warnings hears of a hint on extents that the host does not take; of copy-on-write, nothing is said, as in
     *     QEMU
     */
    static void apply(Storage file, Options options, Consumer<String> warnings) throws IOException {
        if (Boolean.TRUE.equals(options.get(FileCreation.NOCOW))) {
            file.stopCopyOnWrite();
        }
        Long extentSize = options.get(FileCreation.EXTENT_SIZE_HINT);
        if (extentSize == null || extentSize == 0) {
            return;
        }
        try {
            if (file.hintExtentSize(extentSize) == Outcome.UNSUPPORTED) {
                warnings.accept("Failed to set extent size hint: " + Errno.text(Errno.EOPNOTSUPP));
            }
        } catch (ImageException refused) {
            warnings.accept("Failed to set extent size hint: " + refused.getMessage());
        }
    }
}
