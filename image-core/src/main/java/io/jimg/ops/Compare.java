package io.jimg.ops;

import io.jimg.BlockDevice;
import io.jimg.Job;
import org.jspecify.annotations.Nullable;

/**
 * Compares the guest bytes of two images. What both are known to hold as zeroes is not read. An image that is shorter
 * equals a longer one whose further bytes are all zero, unless {@link #strict}.
 *
 * <pre>{@code
 * Comparison result = new Compare(first, second).job().run();
 * }</pre>
 */
public final class Compare {
    private final BlockDevice first;
    private final BlockDevice second;
    private boolean strict;
    private CompareWalk.@Nullable Names names;
    private int parallel = Convert.DEFAULT_PARALLEL;

    /** Of two devices, which stay the caller's. */
    public Compare(BlockDevice first, BlockDevice second) {
        this.first = first;
        this.second = second;
    }

    /** Whether sizes and the allocation of every run must be the same too. */
    public Compare strict(boolean value) {
        strict = value;
        return this;
    }

    /** How many ranges are worked on together, at least 1; no more threads than processors are used. */
    public Compare parallel(int requests) {
        parallel = requests;
        return this;
    }

    /** What complaints call the two; their names unless this is called. */
    public Compare called(String firstName, String secondName) {
        names = new CompareWalk.Names(firstName, secondName);
        return this;
    }

    /** The comparison as a job. */
    public Job<Comparison> job() {
        CompareWalk.Names called = names;
        return new CompareJob(
                first, second, called == null ? CompareWalk.Names.of(first, second) : called, strict, parallel);
    }
}
