package io.jimg;

/** What went wrong, coarse enough to be switched on. The sentence for people is the exception's message. */
public enum ErrorKind {
    /** The file, or a file that it names, does not exist. */
    NOT_FOUND,
    /** The output exists and must not be overwritten. */
    EXISTS,
    /** The operating system denies access. */
    PERMISSION,
    /** A write was asked of something that was opened read-only or cannot be written. */
    READ_ONLY,
    /** Another process, or another image of this process, holds a conflicting lock. */
    LOCKED,
    /** The {@link io.jimg.spi.OpenGate} denied a file that the image refers to. */
    DENIED,
    /** No driver recognises the bytes, or they are not what the stated format demands. */
    INVALID_FORMAT,
    /** The metadata contradicts itself or the file: the image is damaged. */
    CORRUPT,
    /** Well-formed, but a feature that is not built, or not possible here. */
    UNSUPPORTED,
    /** The image needs a secret that is missing or wrong. */
    SECRET,
    /** An option or argument is unknown, malformed or out of its range. */
    BAD_OPTION,
    /** A guest offset or length lies outside the device. */
    OUT_OF_RANGE,
    /** A limit of the format, or a cap against hostile input, would be exceeded. */
    LIMIT,
    /** The storage is full. */
    NO_SPACE,
    /** The device has been closed. */
    CLOSED,
    /** The operation was cancelled. */
    CANCELLED,
    /** Any other failure of input or output. */
    IO
}
