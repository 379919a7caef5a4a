package io.jimg;

import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The one checked exception of jimg: a kind to switch on, a sentence for people, the resource and, where one makes
 * sense, the offset in it.
 *
 * <p>The message is the whole sentence and, where qemu-img has a sentence for the same failure, it is that sentence
 * without the program's name.
 */
public class ImageException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Stands for "no offset" in {@link #offset()}. */
    public static final long NO_OFFSET = -1;

    private final ErrorKind kind;
    private final @Nullable String resource;
    private final long offset;

    /** An exception about no resource in particular. */
    public ImageException(ErrorKind kind, String message) {
        this(kind, message, null, NO_OFFSET, null);
    }

    /** An exception that wraps its cause. */
    public ImageException(ErrorKind kind, String message, @Nullable Throwable cause) {
        this(kind, message, null, NO_OFFSET, cause);
    }

    /**
     * An exception with all that is known.
     *
     * @param kind what to switch on
     * @param message the sentence for people, without program name and without full stop
     * @param resource the file or device as the user named it; null where there is none
     * @param offset the byte offset in the resource, or {@link #NO_OFFSET}
     * @param cause the failure behind it; null where there is none
     */
    public ImageException(
            ErrorKind kind, String message, @Nullable String resource, long offset, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.resource = resource;
        this.offset = offset;
    }

    /** The sentence for people; never null. */
    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }

    /** What went wrong. */
    public ErrorKind kind() {
        return kind;
    }

    /** The file or device as the user named it; null where the failure concerns none. */
    public @Nullable String resource() {
        return resource;
    }

    /** The byte offset in {@link #resource()}, or {@link #NO_OFFSET}. */
    public long offset() {
        return offset;
    }

    /**
     * The same failure seen from further out: kind, resource and offset stay, the sentence grows a prefix
     * ({@code "Could not open 'x': "}).
     *
     * @param prefix what goes before the sentence, with its own colon and space
     */
    public ImageException prefixed(String prefix) {
        return new ImageException(kind, prefix + getMessage(), resource, offset, this);
    }

    /**
     * {@code cause} as an ImageException: itself if it is one, otherwise wrapped as {@link ErrorKind#IO} with its own
     * message.
     */
    public static ImageException wrap(IOException cause) {
        if (cause instanceof ImageException image) {
            return image;
        }
        String message = cause.getMessage();
        return new ImageException(ErrorKind.IO, message == null ? "Input/output error" : message, cause);
    }
}
