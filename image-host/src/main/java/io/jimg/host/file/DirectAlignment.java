package io.jimg.host.file;

/**
 * What direct I/O (past the host's page cache) to a file demands.
 *
 * @param memory what a buffer's address must be a multiple of, bytes
 * @param offset what an offset and a length must be multiples of, bytes
 */
public record DirectAlignment(int memory, int offset) {}
