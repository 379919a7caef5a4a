package io.jimg.cli.report;

import io.jimg.cli.process.Version;
import io.jimg.spi.Doc;
import io.jimg.spi.JsonWriter;
import io.jimg.validate.Finding;
import io.jimg.validate.Place;
import io.jimg.validate.Rule;
import io.jimg.validate.Validation;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A report as SARIF 2.1.0 (OASIS), one run with all images. */
final class SarifReport {
    private static final String SCHEMA =
            "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
    private static final String UNRESERVED = "-._~/";

    private SarifReport() {}

    static String write(List<Outcome> outcomes) {
        List<Object> results = new ArrayList<>();
        List<Object> notifications = new ArrayList<>();
        boolean successful = true;
        for (Outcome outcome : outcomes) {
            Validation validation = outcome.validation();
            if (validation == null) {
                successful = false;
                notifications.add(notification("error", outcome, String.valueOf(outcome.failure())));
                continue;
            }
            for (Finding finding : validation.findings()) {
                results.add(result(outcome.name(), finding));
            }
            if (validation.findingsLeftOut() > 0) {
                notifications.add(notification(
                        "warning",
                        outcome,
                        validation.findingsLeftOut() + " more findings of the same rules were left out"));
            }
        }
        Doc driver = Doc.create()
                .put("name", "jimg validate")
                .put("version", Version.line("jimg").replace("jimg version ", ""))
                .put("rules", Doc.list(List.of(Rule.values()), SarifReport::rule));
        Doc invocation = Doc.create().put("executionSuccessful", successful);
        if (!notifications.isEmpty()) {
            invocation.put("toolExecutionNotifications", notifications);
        }
        Doc run = Doc.create()
                .put("tool", Doc.create().put("driver", driver))
                .put("invocations", List.of(invocation))
                .put("results", results);
        return JsonWriter.pretty(
                Doc.create().put("$schema", SCHEMA).put("version", "2.1.0").put("runs", List.of(run)));
    }

    private static Doc notification(String level, Outcome outcome, String sentence) {
        return Doc.create()
                .put("level", level)
                .put("message", text(outcome.name() + ": " + sentence))
                .put("locations", List.of(location(outcome.name(), Place.IMAGE)));
    }

    private static Doc rule(Rule rule) {
        return Doc.create()
                .put("id", rule.id())
                .put("shortDescription", text(rule.title()))
                .put("help", text(rule.remedy()))
                .put("properties", Doc.create().put("tags", List.of(rule.group().word())));
    }

    private static Doc result(String image, Finding finding) {
        return Doc.create()
                .put("ruleId", finding.rule().id())
                .put("ruleIndex", finding.rule().ordinal())
                .put("level", finding.severity().word())
                .put("message", text(finding.sentence()))
                .put("locations", List.of(location(image, finding.place())));
    }

    private static Doc location(String image, Place place) {
        Doc physical = Doc.create().put("artifactLocation", Doc.create().put("uri", uri(image)));
        if (place.kind() == Place.Kind.HOST_OFFSET && place.at() >= 0) {
            physical.put("region", Doc.create().put("byteOffset", place.at()).put("byteLength", 0));
        }
        Doc location = Doc.create().put("physicalLocation", physical);
        if (place.kind() != Place.Kind.IMAGE) {
            location.put("logicalLocations", List.of(Doc.create().put("fullyQualifiedName", place.toString())));
        }
        return location;
    }

    /** A message: what would be a link or a placeholder in it is meant literally (3.11.5, 3.11.6). */
    private static Doc text(String text) {
        String literal = text.replace("\\", "\\\\")
                .replace("[", "\\[")
                .replace("]", "\\]")
                .replace("{", "{{")
                .replace("}", "}}");
        return Doc.create().put("text", literal);
    }

    /** A path as a relative or absolute reference (RFC 3986): all but unreserved characters escaped. */
    private static String uri(String path) {
        StringBuilder uri = new StringBuilder(path.startsWith("/") ? "file://" : "");
        for (byte each : path.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (each & 0xFF);
            boolean plain = c < 128 && (Character.isLetterOrDigit(c) || UNRESERVED.indexOf(c) >= 0);
            uri.append(plain ? String.valueOf(c) : String.format("%%%02X", (int) c));
        }
        return uri.toString();
    }
}
