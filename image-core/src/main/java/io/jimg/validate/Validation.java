package io.jimg.validate;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The result of validating one image.
 *
 * @param name the image's name, as it was given
 * @param format name of the format that it was examined as; null where none was found
 * @param policy name of the policy
 * @param virtualSize the guest's size in bytes; -1 where the image could not be opened
 * @param fileSize length of the image's file in bytes
 * @param compressedRuns how many compressed runs (clusters, grains) were decompressed
 * @param findings in the order found; of one rule at most {@link #MOST_OF_A_RULE}
 * @param findingsLeftOut findings beyond that
 */
public record Validation(
        String name,
        @Nullable String format,
        String policy,
        long virtualSize,
        long fileSize,
        long compressedRuns,
        List<Finding> findings,
        long findingsLeftOut) {

    /** How many findings of one rule are kept. */
    public static final int MOST_OF_A_RULE = 100;

    /** Copies the list. */
    public Validation {
        findings = List.copyOf(findings);
    }

    /** Whether nothing was found that is a warning or an error; notes may have been. */
    public boolean clean() {
        return findings.stream().noneMatch(finding -> finding.severity().counts());
    }

    /** Whether something of a rule was found. */
    public boolean found(Rule rule) {
        return findings.stream().anyMatch(finding -> finding.rule() == rule);
    }
}
