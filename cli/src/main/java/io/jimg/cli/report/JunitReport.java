package io.jimg.cli.report;

import io.jimg.validate.Finding;
import io.jimg.validate.Severity;
import io.jimg.validate.Validation;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A report as JUnit's XML: a test suite for each image, a test case for each rule that it broke, and one for the image
 * as a whole. What is clean is a test that passed, notes are its output.
 */
final class JunitReport {
    private JunitReport() {}

    static String write(List<Outcome> outcomes) {
        StringBuilder xml =
                new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"jimg validate\">\n");
        for (Outcome outcome : outcomes) {
            suite(outcome, xml);
        }
        return xml.append("</testsuites>").toString();
    }

    private static void suite(Outcome outcome, StringBuilder xml) {
        Validation validation = outcome.validation();
        List<Finding> failures = validation == null
                ? List.of()
                : validation.findings().stream()
                        .filter(finding -> finding.severity().counts())
                        .toList();
        int errors = validation == null ? 1 : 0;
        int tests = Math.max(1, failures.size());
        xml.append("  <testsuite name=").append(quoted(outcome.name()));
        xml.append(" tests=\"").append(tests);
        xml.append("\" failures=\"").append(failures.size());
        xml.append("\" errors=\"").append(errors).append("\" skipped=\"0\">\n");
        if (failures.isEmpty()) {
            testCase(outcome.name(), "image", xml);
            if (validation == null) {
                String failure = String.valueOf(outcome.failure());
                xml.append("      <error message=").append(quoted(failure)).append("/>\n");
            }
            xml.append("    </testcase>\n");
        }
        for (Finding finding : failures) {
            testCase(outcome.name(), finding.rule().id(), xml);
            xml.append("      <failure type=").append(quoted(finding.rule().id()));
            xml.append(" message=").append(quoted(finding.sentence())).append('>');
            xml.append(escaped(finding.severity().word() + " at " + finding.place() + ". " + finding.remedy()));
            xml.append("</failure>\n    </testcase>\n");
        }
        notes(validation, xml);
        xml.append("  </testsuite>\n");
    }

    private static void testCase(String image, String name, StringBuilder xml) {
        xml.append("    <testcase classname=").append(quoted(image));
        xml.append(" name=").append(quoted(name)).append(">\n");
    }

    private static void notes(@org.jspecify.annotations.Nullable Validation validation, StringBuilder xml) {
        if (validation == null) {
            return;
        }
        String notes = validation.findings().stream()
                .filter(finding -> finding.severity() == Severity.NOTE)
                .map(finding -> finding.rule().id() + " (" + finding.place() + "): " + finding.sentence())
                .collect(Collectors.joining("\n"));
        if (!notes.isEmpty()) {
            xml.append("    <system-out>").append(escaped(notes)).append("</system-out>\n");
        }
    }

    private static String quoted(String text) {
        return '"' + escaped(text) + '"';
    }

    /** Text for XML 1.0: markup escaped, line ends kept in attributes, characters that XML cannot hold replaced. */
    private static String escaped(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints().forEach(c -> {
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\n', '\r', '\t' -> out.append("&#").append(c).append(';');
                default -> {
                    boolean legal = c >= ' ' && c <= 0xD7FF || c >= 0xE000 && c <= 0xFFFD || c >= 0x10000;
                    out.appendCodePoint(legal ? c : 0xFFFD);
                }
            }
        });
        return out.toString();
    }
}
