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
import java.util.regex.Pattern;

/** An image's own check, its findings as those of a validation. */
final class MetadataCheck {
    private static final Pattern MARK = Pattern.compile("^(ERROR|WARNING):? +");

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
            Rule rule = rule(finding);
            corruption |= rule == Rule.CORRUPTION;
            leak |= rule == Rule.LEAK;
            inspection.found(rule, finding.place(), sentence(finding.sentence()));
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

    private static Rule rule(CheckReport.Finding finding) {
        return switch (finding.severity()) {
            case LEAK -> Rule.LEAK;
            case WARNING -> Rule.UNEXAMINED;
            case ERROR -> finding.kind() == CheckReport.Kind.TRUNCATION ? Rule.TRUNCATED : Rule.CORRUPTION;
        };
    }

    /** What a check says, without the word that tells how bad it is, and without advice about other programs. */
    private static String sentence(String checked) {
        return Names.sentence(MARK.matcher(checked).replaceFirst(""));
    }
}
