package io.jimg.fuzz;

import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.nbd.NbdProtocol;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ImageFormat;
import io.jimg.spi.ProtocolDriver;
import io.jimg.storage.NullProtocol;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Names and options as a user types them, or as an image holds them. No server is connected to. */
public final class NamesTarget {
    private static final NbdProtocol NBD = new NbdProtocol();

    private NamesTarget() {}

    /** One run: a byte that says what the rest is. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        Bounds.run(() -> one(bytes));
    }

    private static void one(byte[] bytes) {
        FuzzInput input = new FuzzInput(bytes);
        int kind = input.below(4);
        String text = new String(input.take(bytes.length), StandardCharsets.UTF_8);
        switch (kind) {
            case 0 -> open("json:" + text);
            case 1 -> open(text);
            case 2 -> nbdName(text);
            default -> options(text);
        }
    }

    /** A protocol is given those names alone that begin with one of its prefixes and a colon. */
    private static void nbdName(String text) {
        for (String prefix : NBD.prefixes()) {
            Bounds.within(
                    "an NBD name", 4, 50, () -> NBD.nameOf(NBD.schema().parse(NBD.parseName(prefix + ":" + text))));
        }
    }

    private static void open(String name) {
        MemoryFiles files = new MemoryFiles("file");
        files.put("base.raw", new byte[4096]);
        // What leads to the host in real life, and what needs none of it.
        Images images =
                Specimen.images(files).with(new MemoryFiles("host_device")).with(new NullProtocol());
        Bounds.within("opening a name", 6, 100, () -> {
            try (DiskImage image = images.open(name, OpenOptions.DEFAULT)) {
                image.extentAt(0, Math.max(1, image.size()));
            }
        });
        if (files.traffic().open() != 0) {
            throw new BrokenPromise("files were left open");
        }
    }

    /** Lines of a key, a space and a value: options of whatever driver they fit. */
    private static void options(String text) {
        Bounds.within("options", 4, 50, () -> {
            DottedOptions dotted = DottedOptions.EMPTY;
            for (String line : text.split("\n")) {
                int space = line.indexOf(' ');
                dotted = dotted.with(space < 0 ? line : line.substring(0, space), line.substring(space + 1));
            }
            for (ImageFormat format : Images.standard().formats()) {
                parse(dotted, format.openSchema());
                parse(dotted, format.createSchema());
                parse(dotted, format.amendSchema());
            }
            for (ProtocolDriver protocol : new ProtocolDriver[] {NBD, new NullProtocol()}) {
                parse(dotted, protocol.schema());
            }
        });
    }

    private static void parse(DottedOptions text, io.jimg.spi.Schema schema) {
        Bounds.within("a schema", 4, 50, () -> {
            for (var entry : text.entries().entrySet()) {
                Bounds.within("an option", 4, 50, () -> parseOne(schema, entry.getKey(), entry.getValue()));
            }
        });
    }

    private static void parseOne(io.jimg.spi.Schema schema, String key, String value) throws IOException {
        schema.parse(DottedOptions.EMPTY.with(key, value));
    }
}
