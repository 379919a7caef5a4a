package io.jimg.cli.report;

import io.jimg.spi.Doc;
import io.jimg.spi.JsonWriter;
import io.jimg.validate.Finding;
import io.jimg.validate.Place;
import io.jimg.validate.Validation;
import java.util.List;

/** A report as one JSON document. */
final class JsonReport {
    private JsonReport() {}

    static String write(List<Outcome> outcomes) {
        return JsonWriter.pretty(Doc.create().put("images", Doc.list(outcomes, JsonReport::image)));
    }

    private static Doc image(Outcome outcome) {
        Doc doc = Doc.create().put("name", outcome.name());
        Validation validation = outcome.validation();
        if (validation == null) {
            return doc.put("result", "failed").putIfPresent("error", outcome.failure());
        }
        doc.put("result", validation.clean() ? "clean" : "findings");
        doc.putIfPresent("format", validation.format());
        doc.put("policy", validation.policy()).put("file-size", validation.fileSize());
        if (validation.virtualSize() >= 0) {
            doc.put("virtual-size", validation.virtualSize());
        }
        return doc.put("compressed-runs", validation.compressedRuns())
                .put("findings", Doc.list(validation.findings(), JsonReport::finding))
                .put("findings-left-out", validation.findingsLeftOut());
    }

    private static Doc finding(Finding finding) {
        Doc place = Doc.create().put("kind", finding.place().kind().word());
        if (finding.place().kind() != Place.Kind.IMAGE) {
            place.put("at", finding.place().at());
        }
        return Doc.create()
                .put("rule", finding.rule().id())
                .put("group", finding.rule().group().word())
                .put("severity", finding.severity().word())
                .put("place", place)
                .put("message", finding.sentence())
                .put("remedy", finding.remedy());
    }
}
