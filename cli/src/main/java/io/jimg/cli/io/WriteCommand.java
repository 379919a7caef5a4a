package io.jimg.cli.io;

import io.jimg.BlockDevice;
import io.jimg.WriteFlag;
import io.jimg.ZeroMode;
import io.jimg.capability.VmState;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.ErrorWords;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code write}: one buffer, zeroes, a compressed run, or a piece of a machine's state. */
final class WriteCommand implements IoCommand {
    static final OptionSpec FUA = OptionSpec.flag('f', "wait until it is durable");
    static final OptionSpec PATTERN = OptionSpec.valued('P', "pattern", "write this byte instead of 0xcd");
    static final OptionSpec UNMAP = OptionSpec.flag('u', "with -z, space may be given back");
    static final OptionSpec ZEROES = OptionSpec.flag('z', "write zeroes without sending data");

    /** What is written where nothing else was asked for. */
    static final byte FILL = (byte) 0xcd;

    private static final Syntax SYNTAX = new Syntax(
            "write",
            "w",
            2,
            Syntax.ANY,
            "[-bcCfnqruz] [-P pattern | -s source_file] off len",
            "writes a number of bytes at a specified offset");

    private static final List<OptionSpec> TABLE = List.of(
            OptionSpec.flag('b', "the saved state of a machine instead of the disk"),
            OptionSpec.flag('c', "write compressed"),
            ReadRequest.MACHINE,
            FUA,
            OptionSpec.flag('n', "with -z, fail rather than write zeroes as data"),
            OptionSpec.flag('p', "accepted, without effect"),
            PATTERN,
            ReadRequest.QUIET,
            ReadRequest.REGISTER,
            OptionSpec.valued('s', "file", "write this file's bytes, over and over"),
            UNMAP,
            ZEROES);

    private boolean vmState;
    private boolean compressed;
    private boolean fua;
    private boolean onlyIfFast;
    private boolean unmap;
    private boolean zeroes;
    private boolean machine;
    private boolean quiet;
    private @Nullable Byte pattern;
    private @Nullable String file;

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
                "writes bytes into the open image from one buffer, which holds 0xcd unless told otherwise",
                "",
                "Example:",
                "'write -P 7 512 1k' - writes 1024 bytes of 7 at byte 512");
    }

    @Override
    public void run(Session session, Words words) throws UsageException, IoFailure {
        String key;
        while ((key = words.next()) != null) {
            take(key, words);
        }
        List<String> operands = words.operands(2);
        checkOptions();
        long offset = Numbers.size(operands.get(0));
        long length = Numbers.size(operands.get(1));
        if (length > Numbers.LARGEST_REQUEST && !(zeroes && onlyIfFast)) {
            throw IoFailure.result(
                    "length cannot exceed " + Numbers.LARGEST_REQUEST + " without -n, given " + operands.get(1));
        }
        if (vmState || compressed) {
            ReadCommand.requireSectors("offset", offset);
            ReadCommand.requireSectors("count", length);
        }
        BlockDevice device = session.deviceToWrite();
        VmState state = vmState ? ReadCommand.vmState(session, "write") : null;
        ByteBuffer bytes = zeroes ? ByteBuffer.allocate(0) : bytes(session, (int) length);
        long started = System.nanoTime();
        try {
            if (state != null) {
                state.write(bytes, offset);
            } else {
                write(session, device, bytes, offset, length);
            }
        } catch (IOException failed) {
            throw IoFailure.result("write failed: " + ErrorWords.of(session.console(), failed));
        }
        session.aio().report();
        new Figures(quiet, machine).print(session.console().out(), "wrote", started, offset, length);
    }

    private void take(String key, Words words) throws IoFailure {
        switch (key) {
            case "b" -> vmState = true;
            case "c" -> compressed = true;
            case "C" -> machine = true;
            case "f" -> fua = true;
            case "n" -> onlyIfFast = true;
            case "P" -> pattern = Numbers.pattern(words.argument());
            case "q" -> quiet = true;
            case "s" -> file = words.argument();
            case "u" -> unmap = true;
            case "z" -> zeroes = true;
            default -> {
                // Nothing is done differently for it.
            }
        }
    }

    private void checkOptions() throws IoFailure {
        if (vmState && zeroes) {
            throw IoFailure.result("-b and -z cannot be specified at the same time");
        }
        if (fua && (vmState || compressed)) {
            throw IoFailure.result("-f and -b or -c cannot be specified at the same time");
        }
        if (onlyIfFast && !zeroes) {
            throw IoFailure.result("-n requires -z to be specified");
        }
        if (unmap && !zeroes) {
            throw IoFailure.result("-u requires -z to be specified");
        }
        if ((zeroes ? 1 : 0) + (pattern != null ? 1 : 0) + (file != null ? 1 : 0) > 1) {
            throw IoFailure.result("Only one of -z, -P, and -s can be specified at the same time");
        }
    }

    private ByteBuffer bytes(Session session, int length) throws IoFailure {
        if (file != null) {
            return FilePattern.read(session.console(), file, length);
        }
        return ReadRequest.buffer(length, pattern == null ? FILL : pattern);
    }

    private void write(Session session, BlockDevice device, ByteBuffer bytes, long offset, long length)
            throws IOException {
        WriteFlag[] flags = flags(fua);
        if (zeroes) {
            device.writeZeroes(offset, length, mode(session), flags);
        } else if (compressed) {
            CompressedBytes.write(session.image(), bytes, offset);
        } else {
            device.write(bytes, offset, flags);
        }
    }

    private ZeroMode mode(Session session) {
        return onlyIfFast ? ZeroMode.ONLY_IF_FAST : mode(session, unmap);
    }

    /** How zeroes are written; space is given back only where discards reach the image. */
    static ZeroMode mode(Session session, boolean unmap) {
        return unmap && session.target().discards() ? ZeroMode.MAY_UNMAP : ZeroMode.KEEP_ALLOCATED;
    }

    /** The flags of a write that is to be durable, or of one that is not. */
    static WriteFlag[] flags(boolean fua) {
        return fua ? new WriteFlag[] {WriteFlag.FUA} : new WriteFlag[0];
    }
}
