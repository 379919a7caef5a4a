package io.jimg.cli.io;

import io.jimg.capability.VmState;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.ErrorWords;
import io.jimg.host.Errno;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code read}: one buffer. */
final class ReadCommand implements IoCommand {
    private static final Syntax SYNTAX = new Syntax(
            "read",
            "r",
            2,
            Syntax.ANY,
            "[-abCqrv] [-P pattern [-s off] [-l len]] off len",
            "reads a number of bytes at a specified offset");

    private static final List<OptionSpec> TABLE = List.of(
            OptionSpec.flag('b', "the saved state of a machine instead of the disk"),
            ReadRequest.MACHINE,
            OptionSpec.valued('l', "length", "how many bytes are compared with the pattern"),
            OptionSpec.flag('p', "accepted, without effect"),
            ReadRequest.PATTERN,
            ReadRequest.QUIET,
            ReadRequest.REGISTER,
            OptionSpec.valued('s', "start", "where in what was read the comparison begins"),
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
                "reads bytes of the open image into one buffer, and prints them if asked to",
                "",
                "Example:",
                "'read -v 512 1k' - prints the kilobyte that begins at byte 512");
    }

    @Override
    public void run(Session session, Words words) throws UsageException, IoFailure {
        ReadRequest.Choice choice = new ReadRequest.Choice();
        boolean vmState = false;
        @Nullable Long start = null;
        @Nullable Long compared = null;
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "b" -> vmState = true;
                case "l" -> compared = Numbers.size(words.argument());
                case "s" -> start = Numbers.size(words.argument());
                default -> choice.take(key, words);
            }
        }
        List<String> operands = words.operands(2);
        long offset = Numbers.size(operands.get(0));
        int length = Numbers.length(operands.get(1));
        if (!choice.hasPattern() && (start != null || compared != null)) {
            throw IoFailure.usage();
        }
        long from = start == null ? 0 : start;
        long count = compared == null ? length - from : compared;
        if (from > length || count < 0 || count > length - from) {
            throw IoFailure.result("pattern verification range exceeds end of read data");
        }
        if (vmState) {
            requireSectors("offset", offset);
            requireSectors("count", length);
        }
        ReadRequest request = new ReadRequest(offset, length, choice, (int) from, (int) count);
        long started = System.nanoTime();
        try {
            request.perform(vmState ? vmState(session, "read")::read : session.device()::read);
        } catch (IOException failed) {
            throw IoFailure.result("read failed: " + ErrorWords.of(session.console(), failed));
        }
        session.aio().report();
        if (!request.tell(session.console().out(), started)) {
            throw IoFailure.said();
        }
    }

    /** Refuses what is not made of whole sectors. */
    static void requireSectors(String what, long value) throws IoFailure {
        if (value % Numbers.SECTOR != 0) {
            throw IoFailure.result(value + " is not a sector-aligned value for '" + what + "'");
        }
    }

    /** The image's place for the state of a machine. */
    static VmState vmState(Session session, String verb) throws IoFailure {
        return session.image()
                .capability(VmState.class)
                .orElseThrow(() -> IoFailure.result(verb + " failed: " + Errno.text(Errno.EOPNOTSUPP)));
    }
}
