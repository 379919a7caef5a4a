package io.jimg.qcow2.allocation;

/**
 * Host clusters that follow each other and were taken for one use.
 *
 * @param hostOffset first byte
 * @param clusters how many, greater than zero
 * @param fresh whether they lie where the file never reached, so that they read as zero until they are written
 */
public record Allocation(long hostOffset, int clusters, boolean fresh) {}
