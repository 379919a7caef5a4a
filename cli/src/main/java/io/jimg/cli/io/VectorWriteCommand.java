package io.jimg.cli.io;

import io.jimg.BlockDevice;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.ErrorWords;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** {@code writev}: a request that several buffers are written by. */
final class VectorWriteCommand implements IoCommand {
    private static final Syntax SYNTAX = new Syntax(
            "writev",
            null,
            2,
            Syntax.ANY,
            "[-Cfqr] [-P pattern] off len [len..]",
            "writes a number of bytes at a specified offset");

    private static final List<OptionSpec> TABLE = List.of(
            ReadRequest.MACHINE, WriteCommand.FUA, WriteCommand.PATTERN, ReadRequest.QUIET, ReadRequest.REGISTER);

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
                "writes bytes into the open image in one request whose length is the sum of those given",
                "",
                "Example:",
                "'writev 512 1k 1k' - writes 2048 bytes of 0xcd at byte 512");
    }

    @Override
    public void run(Session session, Words words) throws UsageException, IoFailure {
        boolean fua = false;
        boolean machine = false;
        boolean quiet = false;
        byte pattern = WriteCommand.FILL;
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "C" -> machine = true;
                case "f" -> fua = true;
                case "P" -> pattern = Numbers.pattern(words.argument());
                case "q" -> quiet = true;
                default -> {
                    // A registered buffer is like any other.
                }
            }
        }
        List<String> operands = words.operands();
        if (operands.size() < 2) {
            throw IoFailure.usage();
        }
        long offset = Numbers.size(operands.get(0));
        ByteBuffer bytes = ReadRequest.buffer(Pieces.total(operands), pattern);
        BlockDevice device = session.deviceToWrite();
        long started = System.nanoTime();
        try {
            device.write(bytes, offset, WriteCommand.flags(fua));
        } catch (IOException failed) {
            throw IoFailure.result("writev failed: " + ErrorWords.of(session.console(), failed));
        }
        session.aio().report();
        new Figures(quiet, machine).print(session.console().out(), "wrote", started, offset, bytes.limit());
    }
}
