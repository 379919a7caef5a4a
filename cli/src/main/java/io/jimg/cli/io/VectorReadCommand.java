package io.jimg.cli.io;

import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.ErrorWords;
import java.io.IOException;
import java.util.List;

/** {@code readv}: a request that several buffers are filled from. */
final class VectorReadCommand implements IoCommand {
    private static final Syntax SYNTAX = new Syntax(
            "readv",
            null,
            2,
            Syntax.ANY,
            "[-Cqrv] [-P pattern] off len [len..]",
            "reads a number of bytes at a specified offset");

    static final List<OptionSpec> TABLE = List.of(
            ReadRequest.MACHINE, ReadRequest.PATTERN, ReadRequest.QUIET, ReadRequest.REGISTER, ReadRequest.DUMP);

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
                "reads bytes of the open image in one request whose length is the sum of those given",
                "",
                "Example:",
                "'readv -v 512 1k 1k' - prints the two kilobytes that begin at byte 512");
    }

    @Override
    public void run(Session session, Words words) throws UsageException, IoFailure {
        ReadRequest.Choice choice = new ReadRequest.Choice();
        String key;
        while ((key = words.next()) != null) {
            choice.take(key, words);
        }
        ReadRequest request = request(words, choice);
        long started = System.nanoTime();
        try {
            request.perform(session.device()::read);
        } catch (IOException failed) {
            throw IoFailure.result("readv failed: " + ErrorWords.of(session.console(), failed));
        }
        session.aio().report();
        if (!request.tell(session.console().out(), started)) {
            throw IoFailure.said();
        }
    }

    /** The request that offset and lengths make. */
    static ReadRequest request(Words words, ReadRequest.Choice choice) throws IoFailure {
        List<String> operands = words.operands();
        if (operands.size() < 2) {
            throw IoFailure.usage();
        }
        long offset = Numbers.size(operands.get(0));
        return new ReadRequest(offset, Pieces.total(operands), choice);
    }
}
