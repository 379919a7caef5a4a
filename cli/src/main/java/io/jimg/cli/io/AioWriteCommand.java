package io.jimg.cli.io;

import io.jimg.BlockDevice;
import io.jimg.WriteFlag;
import io.jimg.ZeroMode;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.Console;
import io.jimg.cli.process.ErrorWords;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** {@code aio_write}: a write whose end the next command does not wait for. */
final class AioWriteCommand implements IoCommand {
    private static final Syntax SYNTAX = new Syntax(
            "aio_write",
            null,
            2,
            Syntax.ANY,
            "[-Cfiqruz] [-P pattern] off len [len..]",
            "asynchronously writes a number of bytes");

    private static final List<OptionSpec> TABLE = List.of(
            ReadRequest.MACHINE,
            WriteCommand.FUA,
            OptionSpec.flag('i', "make a request that is known to be wrong"),
            WriteCommand.PATTERN,
            ReadRequest.QUIET,
            ReadRequest.REGISTER,
            WriteCommand.UNMAP,
            WriteCommand.ZEROES);

    private boolean fua;
    private boolean wrong;
    private boolean zeroes;
    private boolean unmap;
    private boolean machine;
    private boolean quiet;
    private byte pattern = WriteCommand.FILL;

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
                "as writev, without waiting: aio_flush waits for all that is under way; the command",
                "counts as a success once the request is sent off",
                "",
                "Example:",
                "'aio_write 512 1k 1k' - writes 2048 bytes of 0xcd at byte 512");
    }

    @Override
    public void run(Session session, Words words) throws UsageException, IoFailure, IOException {
        String key;
        while ((key = words.next()) != null) {
            take(key, words);
        }
        List<String> operands = words.operands();
        if (operands.size() < 2) {
            throw IoFailure.usage();
        }
        if (zeroes && operands.size() != 2) {
            throw IoFailure.result("-z supports only a single length parameter");
        }
        if (unmap && !zeroes) {
            throw IoFailure.result("-u requires -z to be specified");
        }
        if (wrong) {
            session.console().line("injecting invalid write request");
            return;
        }
        long offset = Numbers.size(operands.get(0));
        long length = zeroes ? Numbers.length(operands.get(1)) : Pieces.total(operands);
        send(session, session.deviceToWrite(), offset, length);
    }

    private void take(String key, Words words) throws IoFailure {
        switch (key) {
            case "C" -> machine = true;
            case "f" -> fua = true;
            case "i" -> wrong = true;
            case "P" -> pattern = Numbers.pattern(words.argument());
            case "q" -> quiet = true;
            case "u" -> unmap = true;
            case "z" -> zeroes = true;
            default -> {
                // A registered buffer is like any other.
            }
        }
    }

    private void send(Session session, BlockDevice device, long offset, long length) throws IOException {
        Console console = session.console();
        ZeroMode mode = WriteCommand.mode(session, unmap);
        WriteFlag[] flags = WriteCommand.flags(fua);
        Figures figures = new Figures(quiet, machine);
        ByteBuffer bytes = ReadRequest.buffer(zeroes ? 0 : (int) length, pattern);
        long started = System.nanoTime();
        AioReadCommand.send(session, () -> {
            try {
                if (zeroes) {
                    device.writeZeroes(offset, length, mode, flags);
                } else {
                    device.write(bytes, offset, flags);
                }
                return () -> figures.print(console.out(), "wrote", started, offset, length);
            } catch (IOException failed) {
                return () -> console.line("aio_write failed: " + ErrorWords.of(console, failed));
            }
        });
    }
}
