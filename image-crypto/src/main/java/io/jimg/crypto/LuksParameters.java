package io.jimg.crypto;

/**
 * What a new LUKS volume shall be like.
 *
 * @param cipher how sectors are encrypted
 * @param hash the hash of PBKDF2 and of the anti-forensic splitter
 * @param iterationTime how long PBKDF2 shall take for the passphrase, in milliseconds
 */
public record LuksParameters(CipherSpec cipher, HashAlgorithm hash, long iterationTime) {}
