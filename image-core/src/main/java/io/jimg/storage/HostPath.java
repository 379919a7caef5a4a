package io.jimg.storage;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.host.Errno;
import io.jimg.host.file.HostFile;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.Channel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A file of the host by name, and which one it was when it was looked at: opening it several times must open one file.
 *
 * @param name as the user typed it
 * @param path the same as a path
 * @param fileKey which file it is; null where files have no such key
 * @param isDevice whether it is a block or character device
 */
record HostPath(String name, Path path, @Nullable Object fileKey, boolean isDevice) {

    /** What a name may stand for. */
    enum Kind {
        /** A file or a device, whichever it is. */
        ANY,
        /** A device. */
        DEVICE
    }

    /**
     * A file, open.
     *
     * @param channel for its bytes
     * @param host for the host's calls, if they are there
     * @param reopen a path by which it is opened once more
     */
    record Opened(AsynchronousFileChannel channel, Optional<HostFile> host, Path reopen) {}

    private static final int TYPE = 0170000;
    private static final int CHARACTER_DEVICE = 0020000;
    private static final int BLOCK_DEVICE = 0060000;

    /**
     * Looks at a file that exists.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} if it is not of that kind; a directory or a pipe never is
     */
    static HostPath of(String name, Kind kind) throws IOException {
        Path path = path(name);
        BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
        boolean device = attributes.isOther() && isDevice(path);
        if (kind == Kind.DEVICE && !device) {
            throw wrongKind(HostDeviceProtocol.NAME, name, "either a character or block device");
        }
        if (!device && !attributes.isRegularFile()) {
            throw wrongKind(FileProtocol.NAME, name, "a regular file");
        }
        return new HostPath(name, path, attributes.fileKey(), device);
    }

    /** Makes a file unless there is one, and looks at it. */
    static HostPath ofNew(String name, Kind kind) throws IOException {
        Path path = path(name);
        if (kind == Kind.ANY && Files.notExists(path)) {
            Set<OpenOption> options = Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            Files.newByteChannel(path, options, permissions(path)).close();
        }
        if (Files.isDirectory(path)) {
            throw new ImageException(
                    ErrorKind.IO,
                    "Could not create '" + name + "': " + Errno.text(Errno.EISDIR),
                    name,
                    ImageException.NO_OFFSET,
                    null);
        }
        return of(name, kind);
    }

    /**
     * Opens it.
     *
     * @throws IOException in the host's words; also if the name has become another file's
     */
    Opened open(boolean writable) throws IOException {
        Optional<HostFile> host = HostFile.open(path, writable);
        try {
            Path reopen = host.map(HostFile::reopenPath).orElse(path);
            if (host.isPresent()) {
                requireSame(host.get().fileKey());
            }
            AsynchronousFileChannel channel = channel(reopen, writable);
            if (host.isEmpty()) {
                requireSameAfterOpening(channel);
            }
            return new Opened(channel, host, reopen);
        } catch (IOException | RuntimeException failure) {
            if (host.isPresent()) {
                host.get().close();
            }
            throw failure;
        }
    }

    /** A channel whose work is done on the caller's thread. */
    static AsynchronousFileChannel channel(Path path, boolean writable, OpenOption... more) throws IOException {
        Set<OpenOption> options = new HashSet<>(List.of(more));
        options.add(StandardOpenOption.READ);
        if (writable) {
            options.add(StandardOpenOption.WRITE);
        }
        return AsynchronousFileChannel.open(path, options, CallerRuns.INSTANCE);
    }

    /** Opens it for {@link RandomAccessFile#setLength}. */
    RandomAccessFile openResizer() throws IOException {
        RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
        requireSameAfterOpening(file.getChannel());
        return file;
    }

    /** Equal for two names of one file. */
    Object identity() {
        return fileKey != null ? fileKey : path.toAbsolutePath().normalize();
    }

    private void requireSameAfterOpening(Channel opened) throws IOException {
        try {
            requireSame(Files.readAttributes(path, BasicFileAttributes.class).fileKey());
        } catch (IOException failure) {
            opened.close();
            throw failure;
        }
    }

    private void requireSame(@Nullable Object other) throws IOException {
        if (fileKey != null && !fileKey.equals(other)) {
            throw new IOException("The file was replaced by another while it was opened");
        }
    }

    private static Path path(String name) throws IOException {
        if (name.isEmpty()) {
            throw new ImageException(ErrorKind.BAD_OPTION, "The 'file' block driver requires a file name");
        }
        try {
            return Path.of(name);
        } catch (InvalidPathException invalid) {
            throw new IOException(Errno.text(Errno.EINVAL), invalid);
        }
    }

    private static boolean isDevice(Path path) throws IOException {
        if (!path.getFileSystem().supportedFileAttributeViews().contains("unix")) {
            return false;
        }
        int type = (Integer) Files.getAttribute(path, "unix:mode") & TYPE;
        return type == CHARACTER_DEVICE || type == BLOCK_DEVICE;
    }

    /** Images are for their owner to write and for all to read, as QEMU makes them; the process's mask applies. */
    private static FileAttribute<?>[] permissions(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r--r--"))
                }
                : new FileAttribute<?>[0];
    }

    private static ImageException wrongKind(String driver, String name, String wanted) {
        return new ImageException(
                ErrorKind.UNSUPPORTED,
                "'" + driver + "' driver requires '" + name + "' to be " + wanted,
                name,
                ImageException.NO_OFFSET,
                null);
    }
}
