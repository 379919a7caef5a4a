package io.jimg.cli.commands;

import io.jimg.DiskImage;
import io.jimg.Job;
import io.jimg.OpenLimits;
import io.jimg.OpenOptions;
import io.jimg.all.AllDigests;
import io.jimg.cli.arguments.ImageSource;
import io.jimg.cli.arguments.OutputForm;
import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.cli.process.Failures;
import io.jimg.cli.text.Progress;
import io.jimg.ops.Digest;
import io.jimg.spi.DigestAlgorithm;
import io.jimg.spi.Doc;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.JsonWriter;
import io.jimg.spi.OpenGate;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code digest}: a digest of what the guest sees, whatever the format. jimg's own, qemu-img has none. */
final class DigestCommand implements Command {
    private static final OptionSpec ALGORITHM = OptionSpec.valued(
                    'a', "algorithm", "hash function, or a construction over one (sha256)")
            .or("algorithm");

    private static final OptionSpec UNTRUSTED = OptionSpec.flag(
            "untrusted", "open nothing that an image names, and refuse what costs too much; needs the format");

    @Override
    public List<OptionSpec> options() {
        return List.of(
                SharedOptions.HELP,
                ALGORITHM,
                SharedOptions.FORMAT,
                SharedOptions.OUTPUT,
                SharedOptions.PROGRESS,
                SharedOptions.OBJECT,
                KeySecret.OPTION,
                UNTRUSTED,
                SharedOptions.IMAGE_OPTS,
                SharedOptions.FORCE_SHARE);
    }

    @Override
    public String operands() {
        return "FILENAME...";
    }

    @Override
    public String summary() {
        return "print a digest of the guest's content, the same for every format";
    }

    @Override
    public int run(Invocation invocation) throws UsageException, CommandException, IOException {
        Console console = invocation.console();
        ImageSource source = new ImageSource(console);
        @Nullable String format = null;
        OutputForm output = OutputForm.HUMAN;
        String algorithm = DigestAlgorithm.SHA256.name();
        boolean progress = false;
        boolean untrusted = false;
        @Nullable String keySecret = null;
        Getopt words = invocation.options(this);
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "h" -> {
                    return HELP;
                }
                case "a" -> algorithm = words.argument();
                case "f" -> format = words.argument();
                case "output" -> output = OutputForm.parse(words.argument());
                case "p" -> progress = true;
                case "untrusted" -> untrusted = true;
                case "key-secret" -> keySecret = words.argument();
                default -> source.take(key, words);
            }
        }
        List<String> names = words.operands();
        if (names.isEmpty()) {
            throw new UsageException("Expecting one or more image file names");
        }
        if (untrusted && format == null) {
            throw new UsageException("--untrusted needs the format to be stated by -f");
        }
        DottedOptions driverOptions = keySecret == null ? DottedOptions.EMPTY : KeySecret.options(format, keySecret);
        DigestAlgorithm found = AllDigests.find(algorithm);
        if (found == null) {
            throw new UsageException(
                    "Unknown algorithm '" + algorithm + "', expecting one of " + String.join(", ", AllDigests.names()));
        }
        List<Object> documents = new ArrayList<>();
        int exit = 0;
        for (String name : names) {
            String digest;
            try {
                digest = digest(
                        careful(source.locate(name, format), driverOptions, untrusted),
                        found,
                        new Progress(console, progress, false));
            } catch (IOException failed) {
                console.error("No digest of '" + name + "': " + Failures.sentence(failed));
                exit = 1;
                continue;
            }
            if (output == OutputForm.HUMAN) {
                console.line(line(digest, name));
            } else {
                documents.add(Doc.create()
                        .put("filename", name)
                        .put("algorithm", found.name())
                        .put("digest", digest));
            }
        }
        if (output == OutputForm.JSON) {
            console.line(JsonWriter.pretty(documents));
        }
        if (!console.delivered()) {
            throw new CommandException("Could not write the digests");
        }
        return exit;
    }

    /** The image within the limits for strangers' images where that is asked for, with its key. */
    private static ImageSource.Located careful(
            ImageSource.Located located, DottedOptions driverOptions, boolean untrusted) {
        OpenOptions options = located.options();
        if (!driverOptions.entries().isEmpty()) {
            options = options.withDriverOptions(driverOptions);
        }
        if (untrusted) {
            options = options.withGate(OpenGate.DENY).withLimits(OpenLimits.UNTRUSTED);
        }
        return located.with(options);
    }

    /** As {@code sha256sum} has it: a line that begins with a backslash has a name with escapes. */
    private static String line(String digest, String name) {
        String escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r");
        return (escaped.equals(name) ? "" : "\\") + digest + "  " + escaped;
    }

    private static String digest(ImageSource.Located located, DigestAlgorithm algorithm, Progress bar)
            throws IOException {
        bar.begin();
        try (DiskImage image = located.open()) {
            Job<byte[]> job = Digest.of(image, algorithm);
            job.onProgress(bar::at);
            return Digest.hex(job.run());
        } finally {
            bar.leave();
        }
    }
}
