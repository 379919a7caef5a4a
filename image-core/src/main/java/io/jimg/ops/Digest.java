package io.jimg.ops;

import io.jimg.BlockDevice;
import io.jimg.Job;
import io.jimg.copy.DigestPipeline;
import io.jimg.copy.Workers;
import io.jimg.spi.DigestAlgorithm;
import java.io.IOException;
import java.util.HexFormat;

/**
 * A digest of a guest's content, which does not depend on the format, the compression or the encryption around it.
 *
 * <pre>{@code
 * String sum = Digest.hex(Digest.of(image, DigestAlgorithm.SHA256).run());
 * }</pre>
 *
 * <p>What an image knows to be zero is not read. Reading, inflating and decrypting are done by several threads; hashing
 * too where the algorithm hashes blocks. Linear in the guest's size: for images from strangers open with
 * {@link io.jimg.OpenOptions#untrusted()}, which refuses those that are too large.
 */
public final class Digest {
    private static final int PARALLEL = 8;

    private Digest() {}

    /**
     * A digest of all of a device's bytes, those of its backing chain included.
     *
     * @param device stays the caller's, and must not be written meanwhile
     */
    public static Job<byte[]> of(BlockDevice device, DigestAlgorithm algorithm) {
        return of(device, algorithm, PARALLEL);
    }

    /**
     * The same by at most so many threads; the result does not depend on them.
     *
     * @param parallel at least 1
     */
    public static Job<byte[]> of(BlockDevice device, DigestAlgorithm algorithm, int parallel) {
        return new Job<>() {
            @Override
            protected byte[] execute() throws IOException {
                DigestPipeline pipeline = new DigestPipeline(device, algorithm, new DigestPipeline.Watch() {
                    @Override
                    public void check() throws io.jimg.ImageException {
                        checkCancelled();
                    }

                    @Override
                    public void reached(long guestOffset) {
                        progress(guestOffset, Math.max(1, device.size()));
                    }
                });
                return pipeline.run(Workers.threads(parallel));
            }
        };
    }

    /** A digest as people write it: hexadecimal, in lower case. */
    public static String hex(byte[] digest) {
        return HexFormat.of().formatHex(digest);
    }
}
