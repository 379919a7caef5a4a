package io.jimg.capability;

import io.jimg.Job;

/**
 * An image whose metadata can be repaired. A damaged image that nobody may write to is opened for it with
 * {@link io.jimg.OpenOptions#withWritable} and {@link io.jimg.OpenOptions#withToCheck}.
 */
public interface Repairable {

    /** What is to be repaired. */
    enum Mode {
        /** Clusters that are counted but not used, and what else is wrong but harmless. */
        LEAKS,
        /** Everything that can be repaired. */
        ALL
    }

    /**
     * A check of the whole image that repairs what it finds. What a guest can read stays readable and the same. A
     * repair that is cancelled, or interrupted by a loss of power, leaves an image that the next one puts right.
     *
     * <p>The report counts what was repaired, and as errors and leaks what was not; whether the image is sound now is
     * for a {@link Checkable#check} to say.
     *
     * @return a job that throws {@link CheckFailedException} where the repair had to stop
     */
    Job<CheckReport> repair(Mode mode);
}
