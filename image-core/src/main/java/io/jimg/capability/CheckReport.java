package io.jimg.capability;

import io.jimg.validate.Place;
import java.util.List;

/**
 * What a check found; the counts are those of {@code qemu-img check}.
 *
 * @param findings the sentences, in the order found, at most a cap that the check documents
 * @param findingsLeftOut sentences beyond the cap
 * @param corruptions errors
 * @param leaks clusters that are counted but not used
 * @param checkErrors steps of the check that failed
 * @param corruptionsFixed errors repaired
 * @param leaksFixed leaks repaired
 * @param totalClusters guest clusters of the image; 0 where the format has none
 * @param allocatedClusters guest clusters that are allocated
 * @param fragmentedClusters allocated clusters that do not follow their predecessor on the host
 * @param compressedClusters allocated clusters that are compressed
 * @param imageEndOffset host offset after the last used cluster; 0 where it was not found
 */
public record CheckReport(
        List<Finding> findings,
        long findingsLeftOut,
        long corruptions,
        long leaks,
        long checkErrors,
        long corruptionsFixed,
        long leaksFixed,
        long totalClusters,
        long allocatedClusters,
        long fragmentedClusters,
        long compressedClusters,
        long imageEndOffset) {

    /** How bad a finding is. */
    public enum Severity {
        /** Space is lost. */
        LEAK,
        /** The image is damaged. */
        ERROR,
        /** Worth telling. */
        WARNING
    }

    /** What is wrong, for who acts on it. */
    public enum Kind {
        /** What the metadata says contradicts itself, the format, or what is there. */
        INCONSISTENCY,
        /** Something lies past the end of its file, which may have lost its end. */
        TRUNCATION
    }

    /**
     * One finding.
     *
     * @param severity how bad
     * @param kind what is wrong
     * @param place where it is; the whole image where it is at no one place
     * @param sentence for people, as qemu-img says it; advice may follow in further lines
     */
    public record Finding(Severity severity, Kind kind, Place place, String sentence) {

        /** An inconsistency of the image as a whole. */
        public Finding(Severity severity, String sentence) {
            this(severity, Kind.INCONSISTENCY, Place.IMAGE, sentence);
        }
    }

    /** Copies the list. */
    public CheckReport {
        findings = List.copyOf(findings);
    }

    /** Whether nothing was found. */
    public boolean clean() {
        return corruptions == 0 && leaks == 0 && checkErrors == 0;
    }

    /** With the counts of what an earlier look has repaired. */
    public CheckReport withFixed(CheckReport earlier) {
        return new CheckReport(
                findings,
                findingsLeftOut,
                corruptions,
                leaks,
                checkErrors,
                earlier.corruptionsFixed,
                earlier.leaksFixed,
                totalClusters,
                allocatedClusters,
                fragmentedClusters,
                compressedClusters,
                imageEndOffset);
    }
}
