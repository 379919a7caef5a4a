package io.jimg.cli.report;

import io.jimg.validate.Finding;
import io.jimg.validate.Inspection;
import io.jimg.validate.Severity;
import io.jimg.validate.Validation;
import java.util.List;

/** A report as lines for people: the image, what was found, what to do. */
final class HumanReport {
    private HumanReport() {}

    static String write(List<Outcome> outcomes) {
        StringBuilder text = new StringBuilder();
        for (Outcome outcome : outcomes) {
            if (text.length() > 0) {
                text.append('\n');
            }
            write(outcome, text);
        }
        return text.toString();
    }

    private static void write(Outcome outcome, StringBuilder text) {
        text.append(printable(outcome.name())).append(": ");
        Validation validation = outcome.validation();
        if (validation == null) {
            text.append("could not be validated: ").append(printable(String.valueOf(outcome.failure())));
            return;
        }
        boolean rejected = validation.findings().stream().anyMatch(finding -> finding.severity() == Severity.ERROR);
        text.append(rejected ? "REJECTED" : validation.clean() ? "clean" : "warnings")
                .append(" (")
                .append(validation.format())
                .append(", policy ")
                .append(printable(validation.policy()))
                .append(')');
        for (Finding finding : validation.findings()) {
            text.append("\n  ")
                    .append(finding.severity().word())
                    .append(' ')
                    .append(finding.rule().id())
                    .append(" (")
                    .append(finding.place())
                    .append("): ")
                    .append(finding.sentence())
                    .append("\n    ")
                    .append(finding.remedy());
        }
        if (validation.findingsLeftOut() > 0) {
            text.append("\n  and ").append(validation.findingsLeftOut()).append(" more findings of the same rules");
        }
    }

    /** Text without what would move a terminal's cursor. */
    private static String printable(String text) {
        return Inspection.escaped(text);
    }
}
