package io.jimg.ops;

import io.jimg.Images;
import io.jimg.Job;
import io.jimg.OpenOptions;
import io.jimg.spi.DigestAlgorithm;
import io.jimg.validate.Policy;
import io.jimg.validate.Validation;
import org.jspecify.annotations.Nullable;

/**
 * Looks at an image from a stranger before anything else does. Immutable.
 *
 * <pre>{@code
 * Validation result = new Validate(Images.standard(), "upload.img", Policy.strict()).format("qcow2").job().run();
 * if (!result.clean()) { ... }
 * }</pre>
 *
 * <p>Nothing is written, and no file but the image's own is opened, unless the gate of {@link #options} permits it: by
 * default none does. Backing files are never opened: the layers of a chain are validated one by one.
 *
 * <p>What it costs: {@link Policy#limit} of the policy's {@code metadata-size} and {@code luks-iterations} bound what
 * opening takes, that of {@code decompression-ratio} what is decompressed; the check is linear in the tables that the
 * file holds and remembers at most half of what the heap may grow to; the walk over the image's extents takes at most a
 * step for each of the guest's clusters, and eight million and one for each four bytes of the file, and is not made
 * where the guest is beyond {@code virtual-size}. A digest is linear in the guest's size. {@link Job#cancel} stops all
 * of it soon.
 */
public final class Validate {
    private final Images images;
    private final String name;
    private final Policy policy;
    private final OpenOptions options;
    private final @Nullable DigestAlgorithm algorithm;
    private final String expected;

    /**
     * A validation of an image under a name, its format found by content, which is a finding of its own.
     *
     * @param images the drivers to ask
     * @param name a path or {@code protocol:...}
     */
    public Validate(Images images, String name, Policy policy) {
        this(images, name, policy, OpenOptions.DEFAULT, null, "");
    }

    private Validate(
            Images images,
            String name,
            Policy policy,
            OpenOptions options,
            @Nullable DigestAlgorithm algorithm,
            String expected) {
        this.images = images;
        this.name = name;
        this.policy = policy;
        this.options = options;
        this.algorithm = algorithm;
        this.expected = expected;
    }

    /** With the format stated, or, by null, found by content. */
    public Validate format(@Nullable String format) {
        return options(options.withFormat(format));
    }

    /**
     * With the image opened in another way: the gate, the secrets and the driver's options count; it is opened
     * read-only, and without its backing file, in any case.
     */
    public Validate options(OpenOptions value) {
        return new Validate(images, name, policy, value, algorithm, expected);
    }

    /**
     * With the digest that the guest's content must have.
     *
     * @param hex in hexadecimal, in either case
     */
    public Validate digest(DigestAlgorithm value, String hex) {
        return new Validate(images, name, policy, options, value, hex);
    }

    /**
     * The work. Damage, however bad, is a finding; the job throws where it could not do its work: no such file, no
     * permission, a format that is not known, a lock, a host that fails.
     */
    public Job<Validation> job() {
        return new ValidateJob(images, name, policy, options, algorithm, expected);
    }
}
