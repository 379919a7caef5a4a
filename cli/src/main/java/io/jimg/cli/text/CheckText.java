package io.jimg.cli.text;

import io.jimg.capability.CheckReport;
import io.jimg.spi.Doc;

/** What {@code check} prints. */
public final class CheckText {
    private CheckText() {}

    /** For programs: figures that are zero are left out, save the number of errors of the check itself. */
    public static Doc document(CheckReport report, String filename, String format) {
        Doc document =
                Doc.create().put("filename", filename).put("format", format).put("check-errors", report.checkErrors());
        putUnlessZero(document, "image-end-offset", report.imageEndOffset());
        putUnlessZero(document, "corruptions", report.corruptions());
        putUnlessZero(document, "leaks", report.leaks());
        putUnlessZero(document, "corruptions-fixed", report.corruptionsFixed());
        putUnlessZero(document, "leaks-fixed", report.leaksFixed());
        putUnlessZero(document, "total-clusters", report.totalClusters());
        putUnlessZero(document, "allocated-clusters", report.allocatedClusters());
        putUnlessZero(document, "fragmented-clusters", report.fragmentedClusters());
        putUnlessZero(document, "compressed-clusters", report.compressedClusters());
        return document;
    }

    private static void putUnlessZero(Doc document, String key, long figure) {
        if (figure != 0) {
            document.put(key, figure);
        }
    }

    /** For people, before the image is looked at again, line feeds included. */
    public static String repaired(CheckReport report) {
        return "The following inconsistencies were found and repaired:\n\n    " + report.leaksFixed()
                + " leaked clusters\n    " + report.corruptionsFixed()
                + " corruptions\n\nDouble checking the fixed image now...\n";
    }

    /** For people, line feeds included. */
    public static String human(CheckReport report) {
        StringBuilder text = new StringBuilder();
        if (report.clean()) {
            text.append("No errors were found on the image.\n");
        }
        if (report.corruptions() > 0) {
            text.append('\n')
                    .append(report.corruptions())
                    .append(" errors were found on the image.\n"
                            + "Data may be corrupted, or further writes to the image may corrupt it.\n");
        }
        if (report.leaks() > 0) {
            text.append('\n')
                    .append(report.leaks())
                    .append(" leaked clusters were found on the image.\n"
                            + "This means waste of disk space, but no harm to data.\n");
        }
        if (report.checkErrors() > 0) {
            text.append('\n').append(report.checkErrors()).append(" internal errors have occurred during the check.\n");
        }
        if (report.totalClusters() != 0 && report.allocatedClusters() != 0) {
            text.append(report.allocatedClusters())
                    .append('/')
                    .append(report.totalClusters())
                    .append(" = ")
                    .append(percent(report.allocatedClusters(), report.totalClusters()))
                    .append("% allocated, ")
                    .append(percent(report.fragmentedClusters(), report.allocatedClusters()))
                    .append("% fragmented, ")
                    .append(percent(report.compressedClusters(), report.allocatedClusters()))
                    .append("% compressed clusters\n");
        }
        if (report.imageEndOffset() > 0) {
            text.append("Image end offset: ").append(report.imageEndOffset()).append('\n');
        }
        return text.toString();
    }

    private static String percent(long part, long whole) {
        return Percent.text(100.0 * part / whole);
    }
}
