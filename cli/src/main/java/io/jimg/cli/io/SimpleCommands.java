package io.jimg.cli.io;

import io.jimg.capability.VmState;
import io.jimg.cli.process.ErrorWords;
import io.jimg.cli.text.HumanWriter;
import io.jimg.spi.Doc;
import io.jimg.storage.NullProtocol;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.List;

/** Commands without options. */
final class SimpleCommands {
    private SimpleCommands() {}

    static IoCommand aioFlush() {
        return new SimpleCommand(
                new Syntax("aio_flush", null, 0, 0, null, "completes all outstanding aio requests"),
                true,
                (session, operands) -> session.finishAio());
    }

    static IoCommand flush() {
        return new SimpleCommand(
                new Syntax("flush", "f", 0, 0, null, "flush all in-core file state to disk"),
                true,
                (session, operands) -> flush(session));
    }

    /**
     * A flush that fails is no failure of the command, which only tells damage; what could not be written is told when
     * the image is closed.
     */
    private static void flush(Session session) {
        try {
            session.device().flush();
        } catch (IOException failed) {
            ErrorWords.of(session.console(), failed);
        }
    }

    static IoCommand length() {
        return new SimpleCommand(
                new Syntax("length", "l", 0, 0, null, "gets the length of the current file"),
                true,
                (session, operands) ->
                        session.console().line(Numbers.text(session.device().size())));
    }

    static IoCommand info() {
        return new SimpleCommand(
                new Syntax("info", "i", 0, 0, null, "prints information about the current file"),
                true,
                (session, operands) -> info(session));
    }

    private static void info(Session session) throws IoFailure, IOException {
        session.console().line("format name: " + session.image().format());
        if (session.image().children().isEmpty()) {
            // A protocol's driver has its name twice, as a format's driver and as its own.
            session.console().line("format name: " + session.image().format());
        }
        if (session.image().format().equals(NullProtocol.NAME)) {
            throw IoFailure.said();
        }
        session.console().line("cluster size: " + Numbers.text(session.image().clusterSize()));
        long vmState =
                session.image().capability(VmState.class).map(VmState::offset).orElse(0L);
        session.console().line("vm state offset: " + Numbers.text(vmState));
        Doc specific = session.image().formatSpecific();
        if (!specific.isEmpty()) {
            StringBuilder text = new StringBuilder("Format specific information:\n");
            HumanWriter.write(text, specific, 1);
            session.console().out().print(text);
        }
    }

    static IoCommand close() {
        return new SimpleCommand(
                new Syntax("close", "c", 0, 0, null, "close the current open file"),
                true,
                (session, operands) -> session.close());
    }

    static IoCommand quit() {
        return new SimpleCommand(
                new Syntax("quit", "q", 0, Syntax.ANY, null, "exit the program"),
                false,
                (session, operands) -> session.end());
    }

    static IoCommand sleep() {
        return new SimpleCommand(
                new Syntax("sleep", null, 1, 1, null, "waits for the given value in milliseconds"),
                false,
                SimpleCommands::sleep);
    }

    private static void sleep(Session session, List<String> operands) throws IoFailure, IOException {
        long milliseconds = Numbers.integer(operands.get(0));
        if (milliseconds < 0) {
            throw IoFailure.result(operands.get(0) + " is not a valid number");
        }
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
        session.aio().report();
    }

    static IoCommand abort() {
        return new SimpleCommand(
                new Syntax("abort", null, 0, 0, null, "simulate a program crash using abort(3)"),
                false,
                (session, operands) -> Signals.raise(session.console(), Signals.ABORT));
    }

    static IoCommand raise() {
        return new SimpleCommand(
                new Syntax("sigraise", null, 1, 1, "signal", "raises a signal"), false, SimpleCommands::raise);
    }

    private static void raise(Session session, List<String> operands) throws IoFailure, IOException {
        long signal = Numbers.size(operands.get(0));
        if (signal > Signals.LAST) {
            throw IoFailure.result("signal argument '" + operands.get(0) + "' is too large to be a valid signal");
        }
        Signals.raise(session.console(), (int) signal);
    }
}
