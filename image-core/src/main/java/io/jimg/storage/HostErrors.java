package io.jimg.storage;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.host.Errno;
import io.jimg.host.HostException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The host's failures in the words that the C library has for them, which QEMU's sentences end with. */
final class HostErrors {
    /** What the words stand for, where that is more than input or output having failed. */
    private static final Map<String, ErrorKind> KINDS = Map.of(
            Errno.text(Errno.ENOENT), ErrorKind.NOT_FOUND,
            Errno.text(Errno.ENOTDIR), ErrorKind.NOT_FOUND,
            Errno.text(Errno.EACCES), ErrorKind.PERMISSION,
            Errno.text(Errno.EPERM), ErrorKind.PERMISSION,
            Errno.text(Errno.EROFS), ErrorKind.PERMISSION,
            Errno.text(Errno.EEXIST), ErrorKind.EXISTS,
            Errno.text(Errno.ENOSPC), ErrorKind.NO_SPACE,
            Errno.text(Errno.EDQUOT), ErrorKind.NO_SPACE,
            Errno.text(Errno.EFBIG), ErrorKind.LIMIT);

    private HostErrors() {}

    /**
     * A failure as an exception of ours.
     *
     * @param prefix what goes before the host's words, with its own colon and space
     * @param name the file
     */
    static ImageException of(IOException failure, String prefix, String name) {
        if (failure instanceof ImageException image) {
            return image;
        }
        if (failure instanceof ClosedChannelException) {
            return new ImageException(
                    ErrorKind.CLOSED, "'" + name + "' is closed", name, ImageException.NO_OFFSET, failure);
        }
        String words = words(failure);
        return new ImageException(
                KINDS.getOrDefault(words, ErrorKind.IO), prefix + words, name, ImageException.NO_OFFSET, failure);
    }

    private static String words(IOException failure) {
        if (failure instanceof HostException host) {
            return Errno.text(host.errno());
        }
        // Java has classes of its own for these, without the host's words.
        if (failure instanceof NoSuchFileException missing) {
            return Errno.text(liesUnderAFile(missing.getFile()) ? Errno.ENOTDIR : Errno.ENOENT);
        }
        if (failure instanceof AccessDeniedException) {
            return Errno.text(Errno.EACCES);
        }
        if (failure instanceof FileAlreadyExistsException) {
            return Errno.text(Errno.EEXIST);
        }
        if (failure instanceof FileSystemLoopException) {
            return Errno.text(Errno.ELOOP);
        }
        String words = failure instanceof FileSystemException file ? file.getReason() : failure.getMessage();
        if (words == null) {
            return Errno.text(Errno.EIO);
        }
        // On Unix symbolic links in a circle come with a remark of Java's.
        return words.startsWith(Errno.text(Errno.ELOOP)) ? Errno.text(Errno.ELOOP) : words;
    }

    /** Java does not tell whether a name is missing, or a folder on the way to it is a file. */
    private static boolean liesUnderAFile(@Nullable String name) {
        for (Path above = name == null ? null : Path.of(name).getParent(); above != null; above = above.getParent()) {
            if (Files.exists(above)) {
                return !Files.isDirectory(above);
            }
        }
        return false;
    }
}
