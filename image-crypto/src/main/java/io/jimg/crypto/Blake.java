package io.jimg.crypto;

import io.jimg.spi.DigestAlgorithm;
import java.util.List;

/** Hash functions that Java lacks, for digests of a disk's content. */
public final class Blake {
    /** BLAKE2b with 512 bits (RFC 7693): what {@code b2sum} says of the raw image. */
    public static final DigestAlgorithm BLAKE2B = new DigestAlgorithm("blake2b", BouncyDigests::blake2b, 0);

    /** BLAKE3 with 256 bits: what {@code b3sum} says of the raw image. */
    public static final DigestAlgorithm BLAKE3 = new DigestAlgorithm("blake3", BouncyDigests::blake3, 0);

    /** These, and the blkhash construction over each. */
    public static final List<DigestAlgorithm> ALGORITHMS =
            List.of(BLAKE2B, BLAKE3, DigestAlgorithm.blocks(BLAKE2B), DigestAlgorithm.blocks(BLAKE3));

    private Blake() {}
}
