package io.jimg.ops;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.capability.CheckFailedException;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Checkable;
import io.jimg.validate.Inspection;
import io.jimg.validate.Names;
import io.jimg.validate.Place;
import io.jimg.validate.Rule;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An image's own check, its findings as those of a validation. */
final class MetadataCheck {
    private static final String[] CLUSTER_WORDS = {"cluster ", "Cluster "};
    private static final String[] OFFSET_WORDS = {"offset=0x", "offset 0x", "offset="};
    private static final String PAST_END = "exceeding the end of the file";

    private final DiskImage image;
    private final Inspection inspection;
    private final Pause pause;

    /** Lets a job stop the check. */
    interface Pause {
        void check() throws ImageException;
    }

    MetadataCheck(DiskImage image, Inspection inspection, Pause pause) {
        this.image = image;
        this.inspection = inspection;
        this.pause = pause;
    }

    /** Checks, where the format has a check. */
    void run(Job.ProgressListener listener) throws IOException {
        Optional<Checkable> checkable = image.capability(Checkable.class);
        if (checkable.isEmpty()) {
            return;
        }
        Job<CheckReport> job = checkable.get().check();
        job.onProgress((done, total) -> {
            listener.progressed(done, total);
            try {
                pause.check();
            } catch (ImageException cancelled) {
                job.cancel();
            }
        });
        try {
            tell(job.run());
        } catch (CheckFailedException stopped) {
            tell(stopped.report());
            inspection.found(Rule.CHECK_FAILED, Place.IMAGE, Names.sentence(stopped));
        } catch (ImageException failed) {
            if (failed.kind() == ErrorKind.CANCELLED || failed.kind() == ErrorKind.CLOSED) {
                throw failed;
            }
            inspection.found(Rule.CHECK_FAILED, Place.IMAGE, Names.sentence(failed));
        }
    }

    private void tell(CheckReport report) {
        boolean corruption = false;
        boolean leak = false;
        for (CheckReport.Finding finding : report.findings()) {
            Rule rule = finding.severity() == CheckReport.Severity.LEAK
                    ? Rule.LEAK
                    : finding.sentence().contains(PAST_END) ? Rule.TRUNCATED : Rule.CORRUPTION;
            corruption |= rule == Rule.CORRUPTION;
            leak |= rule == Rule.LEAK;
            String quoted = Inspection.quoted(finding.sentence());
            inspection.found(rule, place(finding.sentence()), quoted.substring(1, quoted.length() - 1));
        }
        if (!corruption && report.corruptions() + report.checkErrors() > 0) {
            inspection.found(
                    Rule.CORRUPTION,
                    Place.IMAGE,
                    "The check counts " + report.corruptions() + " errors and " + report.checkErrors()
                            + " failed steps");
        }
        if (!leak && report.leaks() > 0) {
            inspection.found(Rule.LEAK, Place.IMAGE, "The check counts " + report.leaks() + " leaked clusters");
        }
    }

    /** The place that a sentence of a check names, which are those of qemu-img. */
    static Place place(String sentence) {
        for (String word : CLUSTER_WORDS) {
            Long number = number(sentence, word, 10);
            if (number != null) {
                return new Place(Place.Kind.CLUSTER, number);
            }
        }
        for (String word : OFFSET_WORDS) {
            Long offset = number(sentence, word, 16);
            if (offset != null) {
                return Place.host(offset);
            }
        }
        return Place.IMAGE;
    }

    private static @Nullable Long number(String sentence, String word, int radix) {
        int start = sentence.indexOf(word);
        if (start < 0) {
            return null;
        }
        start += word.length();
        int end = start;
        while (end < sentence.length() && Character.digit(sentence.charAt(end), radix) >= 0) {
            end++;
        }
        try {
            return end == start ? null : Long.parseLong(sentence, start, end, radix);
        } catch (NumberFormatException tooLarge) {
            return null;
        }
    }
}
