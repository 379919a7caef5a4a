package io.jimg.cli.serve;

import io.jimg.cli.process.Console;
import io.jimg.nbd.ExportInfo.BlockSizes;
import io.jimg.nbd.ExportList.Listed;
import java.util.List;

/** What a server has on offer, as {@code qemu-nbd --list} prints it. */
final class ExportListText {
    /** Words for the transmission flags, from bit 1 on. */
    private static final List<String> FLAGS = List.of(
            "readonly",
            "flush",
            "fua",
            "rotational",
            "trim",
            "zeroes",
            "df",
            "multi",
            "resize",
            "cache",
            "fast-zero",
            "block-status-payload");

    private ExportListText() {}

    static void print(Console console, List<Listed> exports) {
        console.line("exports available: " + exports.size());
        for (Listed export : exports) {
            console.line(" export: '" + export.name() + "'");
            if (!export.description().isEmpty()) {
                console.line("  description: " + export.description());
            }
            console.line("  size:  " + Long.toUnsignedString(export.size()));
            console.line("  flags: 0x" + Integer.toHexString(export.flags()) + " (" + words(export.flags()) + " )");
            BlockSizes sizes = export.blockSizes();
            if (sizes != null) {
                console.line("  min block: " + Integer.toUnsignedString(sizes.minimum()));
                console.line("  opt block: " + Integer.toUnsignedString(sizes.preferred()));
                console.line("  max block: " + Integer.toUnsignedString(sizes.maximum()));
            }
            console.line("  transaction size: " + (export.extended() ? "64" : "32") + "-bit");
            if (!export.contexts().isEmpty()) {
                console.line("  available meta contexts: " + export.contexts().size());
                export.contexts().forEach(context -> console.line("   " + context));
            }
        }
    }

    private static String words(int flags) {
        StringBuilder words = new StringBuilder();
        for (int i = 0; i < FLAGS.size(); i++) {
            if ((flags >> i + 1 & 1) != 0) {
                words.append(' ').append(FLAGS.get(i));
            }
        }
        return words.toString();
    }
}
