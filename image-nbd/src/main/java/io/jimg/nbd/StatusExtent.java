package io.jimg.nbd;

/**
 * One run of an export in a context of metadata.
 *
 * @param length bytes, greater than zero
 * @param status what the context says, such as {@code NBD_STATE_HOLE}; unsigned
 */
public record StatusExtent(long length, long status) {}
