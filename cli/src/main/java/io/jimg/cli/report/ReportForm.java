package io.jimg.cli.report;

import io.jimg.cli.getopt.UsageException;
import java.util.List;

/** The forms of a report. */
public enum ReportForm {
    /** Lines for people. */
    HUMAN,
    /** One JSON document. */
    JSON,
    /** JUnit's XML, which CI systems show as tests. */
    JUNIT,
    /** SARIF 2.1.0, which code hosts show as findings. */
    SARIF;

    /** The form of a word. */
    public static ReportForm parse(String word) throws UsageException {
        return switch (word) {
            case "human" -> HUMAN;
            case "json" -> JSON;
            case "junit" -> JUNIT;
            case "sarif" -> SARIF;
            default -> throw new UsageException("--report must be used with human, json, junit or sarif as argument.");
        };
    }

    /** The whole report, without a line feed at its end. */
    public String write(List<Outcome> outcomes) {
        return switch (this) {
            case HUMAN -> HumanReport.write(outcomes);
            case JSON -> JsonReport.write(outcomes);
            case JUNIT -> JunitReport.write(outcomes);
            case SARIF -> SarifReport.write(outcomes);
        };
    }
}
