package io.jimg.cli.io;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Resizable;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import java.io.IOException;
import java.util.List;

/** {@code truncate}: gives the disk another size. */
final class TruncateCommand implements IoCommand {
    private static final Syntax SYNTAX = new Syntax(
            "truncate", "t", 1, 3, "[-m prealloc_mode] off", "truncates the current file at the given offset");

    private static final List<OptionSpec> TABLE =
            List.of(OptionSpec.valued('m', "mode", "what is reserved of the new part: off, metadata, falloc, full"));

    @Override
    public Syntax syntax() {
        return SYNTAX;
    }

    @Override
    public List<OptionSpec> options() {
        return TABLE;
    }

    @Override
    public void run(Session session, Words words) throws UsageException, IoFailure, IOException {
        Resizable.Preallocation mode = Resizable.Preallocation.OFF;
        String key;
        while ((key = words.next()) != null) {
            mode = mode(words.argument());
        }
        List<String> operands = words.operands();
        if (operands.isEmpty()) {
            throw IoFailure.usage();
        }
        long size = Numbers.size(operands.get(0));
        session.deviceToWrite();
        if (mode != Resizable.Preallocation.OFF && size < session.device().size()) {
            throw IoFailure.complaint("Preallocation can't be used for shrinking an image");
        }
        session.finishAio();
        session.image()
                .capability(Resizable.class)
                .orElseThrow(
                        () -> new ImageException(ErrorKind.UNSUPPORTED, "Image format driver does not support resize"))
                .resize(size, mode, true)
                .run();
    }

    private static Resizable.Preallocation mode(String word) throws IoFailure {
        for (Resizable.Preallocation mode : Resizable.Preallocation.values()) {
            if (mode.text().equals(word)) {
                return mode;
            }
        }
        throw IoFailure.complaint("Invalid preallocation mode '" + word + "'");
    }
}
