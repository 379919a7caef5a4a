package io.jimg.cli.io;

import io.jimg.BlockDevice;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.ErrorWords;
import java.io.IOException;
import java.util.List;

/** {@code discard}: says that bytes are not needed any more. */
final class DiscardCommand implements IoCommand {
    private static final Syntax SYNTAX = new Syntax(
            "discard", "d", 2, Syntax.ANY, "[-Cq] off len", "discards a number of bytes at a specified offset");

    private static final List<OptionSpec> TABLE = List.of(ReadRequest.MACHINE, ReadRequest.QUIET);

    @Override
    public Syntax syntax() {
        return SYNTAX;
    }

    @Override
    public List<OptionSpec> options() {
        return TABLE;
    }

    @Override
    public List<String> help() {
        return List.of(
                "says that bytes of the open image are not needed any more",
                "",
                "Example:",
                "'discard 64k 64k' - discards the 64 kilobytes that begin at byte 65536");
    }

    @Override
    public void run(Session session, Words words) throws UsageException, IoFailure {
        boolean machine = false;
        boolean quiet = false;
        String key;
        while ((key = words.next()) != null) {
            machine |= key.equals("C");
            quiet |= key.equals("q");
        }
        List<String> operands = words.operands(2);
        long offset = Numbers.size(operands.get(0));
        int length = Numbers.length(operands.get(1));
        BlockDevice device = session.deviceToWrite();
        long started = System.nanoTime();
        try {
            if (session.target().discards()) {
                device.discard(offset, length);
            } else if (offset > device.size() - length) {
                throw new ImageException(ErrorKind.OUT_OF_RANGE, "The range leaves the disk");
            }
        } catch (IOException failed) {
            throw IoFailure.result("discard failed: " + ErrorWords.of(session.console(), failed));
        }
        session.aio().report();
        new Figures(quiet, machine).print(session.console().out(), "discard", started, offset, length);
    }
}
