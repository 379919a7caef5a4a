package io.jimg.spi;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * Decides whether a file that an image refers to may be opened. An image is untrusted input, so nothing that it names
 * is opened unless a gate says so; what the caller names is opened without asking.
 *
 * <p>A gate may be called from several threads.
 */
@FunctionalInterface
public interface OpenGate {

    /** What the image wants the file for. */
    enum Role {
        /** The image beneath. */
        BACKING_FILE("backing file"),
        /** The file that holds the guest's data. */
        DATA_FILE("data file"),
        /** A part of the image. */
        EXTENT("extent");

        private final String words;

        Role(String words) {
            this.words = words;
        }

        /** The role in words, for sentences. */
        public String words() {
            return words;
        }
    }

    /**
     * A file about to be opened.
     *
     * @param role what for
     * @param protocol the protocol's driver, such as {@code file}
     * @param name the file's name, resolved against its referrer
     * @param referrer name of the image that refers to it
     */
    record Request(Role role, String protocol, String name, String referrer) {}

    /**
     * Returns if the file may be opened.
     *
     * @throws ImageException {@link ErrorKind#DENIED} if it may not
     */
    void permit(Request request) throws ImageException;

    /** Denies everything: the default. */
    OpenGate DENY = request -> {
        throw denied(request, "");
    };

    /** Permits everything, as qemu-img does: for images that the user trusts. */
    OpenGate ALLOW = request -> {};

    /**
     * Permits local files inside a folder, symbolic links followed; a file that is not there yet where its folder is.
     *
     * @param folder an existing folder
     */
    static OpenGate within(Path folder) {
        return request -> {
            try {
                if (request.protocol().equals("file")
                        && real(Path.of(request.name())).startsWith(folder.toRealPath())) {
                    return;
                }
            } catch (IOException | java.nio.file.InvalidPathException notThere) {
                throw denied(request, ": " + notThere.getMessage());
            }
            throw denied(request, ": it lies outside '" + folder + "'");
        };
    }

    /** The path without links; of what is not there its folder's. A link that leads nowhere has none. */
    private static Path real(Path path) throws IOException {
        Path folder = path.toAbsolutePath().getParent();
        Path name = path.getFileName();
        if (folder == null || name == null || Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return path.toRealPath();
        }
        return folder.toRealPath().resolve(name);
    }

    private static ImageException denied(Request request, String reason) {
        return new ImageException(
                ErrorKind.DENIED,
                "Opening the " + request.role().words() + " '" + request.name() + "' of '" + request.referrer()
                        + "' is not permitted" + reason,
                request.name(),
                ImageException.NO_OFFSET,
                null);
    }
}
