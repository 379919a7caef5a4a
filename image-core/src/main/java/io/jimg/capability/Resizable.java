package io.jimg.capability;

import io.jimg.Job;
import java.util.Locale;

/** An image whose disk can be given another size. */
public interface Resizable {

    /** What is reserved of the new part of a disk that grows. */
    enum Preallocation {
        /** Nothing. */
        OFF,
        /** The format's metadata: every new cluster has its place in the file, which may be a hole. */
        METADATA,
        /** Metadata and, by asking the file system for it, the space of all clusters. */
        FALLOC,
        /** Metadata and, by writing zeroes, the space of all clusters. */
        FULL;

        /** The mode as options have it: {@code off}, {@code metadata}, {@code falloc}, {@code full}. */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** What that means for the space of a file without metadata. */
        public io.jimg.storage.Preallocation ofSpace() {
            return switch (this) {
                case OFF, METADATA -> io.jimg.storage.Preallocation.OFF;
                case FALLOC -> io.jimg.storage.Preallocation.FALLOC;
                case FULL -> io.jimg.storage.Preallocation.FULL;
            };
        }
    }

    /**
     * A change of the disk's size. Requests that come meanwhile wait for it; those that began before are over when it
     * begins. What is added reads as zero, whatever a backing file holds there, or as noise where a cipher makes that
     * of a file's zeroes; {@link io.jimg.BlockDevice#extentAt} tells. What is cut off is lost. Where it fails or is
     * cancelled the disk has its old size and content; where the failure comes when the new size is written already,
     * the new ones.
     *
     * @param newSize guest bytes, at least 0; a format may want a multiple of a unit
     * @param preallocation what is reserved of the new part; {@link Preallocation#OFF} where the disk does not grow
     * @param shrink whether the disk may become smaller
     * @return a job whose result is the new size
     */
    Job<Long> resize(long newSize, Preallocation preallocation, boolean shrink);
}
