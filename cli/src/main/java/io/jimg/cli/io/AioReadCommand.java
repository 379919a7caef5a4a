package io.jimg.cli.io;

import io.jimg.BlockDevice;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.Console;
import io.jimg.cli.process.ErrorWords;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.List;

/** {@code aio_read}: a read whose end the next command does not wait for. */
final class AioReadCommand implements IoCommand {
    private static final Syntax SYNTAX = new Syntax(
            "aio_read",
            null,
            2,
            Syntax.ANY,
            "[-Ciqrv] [-P pattern] off len [len..]",
            "asynchronously reads a number of bytes");

    private static final List<OptionSpec> TABLE = List.of(
            ReadRequest.MACHINE,
            OptionSpec.flag('i', "make a request that is known to be wrong"),
            ReadRequest.PATTERN,
            ReadRequest.QUIET,
            ReadRequest.REGISTER,
            ReadRequest.DUMP);

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
                "as readv, without waiting: aio_flush waits for all that is under way; the command",
                "counts as a success once the request is sent off",
                "",
                "Example:",
                "'aio_read -v 512 1k 1k' - prints the two kilobytes that begin at byte 512");
    }

    @Override
    public void run(Session session, Words words) throws UsageException, IoFailure, IOException {
        ReadRequest.Choice choice = new ReadRequest.Choice();
        boolean wrong = false;
        String key;
        while ((key = words.next()) != null) {
            wrong |= key.equals("i");
            choice.take(key, words);
        }
        if (wrong) {
            session.console().line("injecting invalid read request");
            return;
        }
        ReadRequest request = VectorReadCommand.request(words, choice);
        Console console = session.console();
        BlockDevice device = session.device();
        long started = System.nanoTime();
        send(session, () -> {
            try {
                request.perform(device::read);
                return () -> request.tell(console.out(), started);
            } catch (IOException failed) {
                return () -> console.line("readv failed: " + ErrorWords.of(console, failed));
            }
        });
    }

    /** Sends a request off. */
    static void send(Session session, AioQueue.Request request) throws InterruptedIOException {
        try {
            session.aio().send(request);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
    }
}
