package io.jimg.qcow2.header;

/**
 * Where the LUKS header is (specification: "Full disk encryption header pointer").
 *
 * @param hostOffset of the header, a multiple of the cluster size
 * @param length bytes
 */
public record EncryptionPointer(long hostOffset, long length) {}
