package io.jimg.cli.report;

import io.jimg.validate.Finding;
import io.jimg.validate.Rule;
import io.jimg.validate.Severity;
import io.jimg.validate.Validation;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A report as JUnit's XML: a test suite for each image, in it a test case for the image as a whole and one for each
 * rule that it broke, which tells all that was found by that rule. Notes are the suite's output.
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
        Map<Rule, List<Finding>> broken = validation == null
                ? Map.of()
                : validation.findings().stream()
                        .filter(finding -> finding.severity().counts())
                        .collect(Collectors.groupingBy(Finding::rule, TreeMap::new, Collectors.toList()));
        xml.append("  <testsuite name=").append(quoted(outcome.name()));
        xml.append(" tests=\"").append(1 + broken.size());
        xml.append("\" failures=\"").append(broken.size());
        xml.append("\" errors=\"").append(validation == null ? 1 : 0).append("\" skipped=\"0\">\n");
        testCase(outcome.name(), "image", xml);
        if (validation == null) {
            String failure = String.valueOf(outcome.failure());
            xml.append("      <error message=").append(quoted(failure)).append("/>\n");
        }
        xml.append("    </testcase>\n");
        broken.forEach((rule, findings) -> {
            testCase(outcome.name(), rule.id(), xml);
            xml.append("      <failure type=").append(quoted(rule.id()));
            xml.append(" message=").append(quoted(summary(findings))).append('>');
            xml.append(escaped(details(rule, findings)));
            xml.append("</failure>\n    </testcase>\n");
        });
        output(validation, xml);
        xml.append("  </testsuite>\n");
    }

    private static void testCase(String image, String name, StringBuilder xml) {
        xml.append("    <testcase classname=").append(quoted(image));
        xml.append(" name=").append(quoted(name)).append(">\n");
    }

    private static String summary(List<Finding> findings) {
        String first = findings.get(0).sentence();
        return findings.size() == 1 ? first : first + " (and " + (findings.size() - 1) + " more)";
    }

    private static String details(Rule rule, List<Finding> findings) {
        return findings.stream()
                .map(finding -> finding.severity().word() + " at " + finding.place() + ": " + finding.sentence() + "\n")
                .collect(Collectors.joining("", "", rule.remedy()));
    }

    private static void output(@Nullable Validation validation, StringBuilder xml) {
        if (validation == null) {
            return;
        }
        Stream<String> notes = validation.findings().stream()
                .filter(finding -> finding.severity() == Severity.NOTE)
                .map(finding -> finding.rule().id() + " (" + finding.place() + "): " + finding.sentence());
        Stream<String> leftOut = validation.findingsLeftOut() == 0
                ? Stream.empty()
                : Stream.of(validation.findingsLeftOut() + " more findings of the same rules were left out");
        String output = Stream.concat(notes, leftOut).collect(Collectors.joining("\n"));
        if (!output.isEmpty()) {
            xml.append("    <system-out>").append(escaped(output)).append("</system-out>\n");
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
