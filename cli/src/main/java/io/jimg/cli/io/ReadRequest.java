package io.jimg.cli.io;

import io.jimg.cli.getopt.OptionSpec;
import io.jimg.spi.AlignedBuffers;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A read, and what is to be said of it. */
final class ReadRequest {
    static final OptionSpec MACHINE = OptionSpec.flag('C', "print figures for programs to read");
    static final OptionSpec PATTERN = OptionSpec.valued('P', "pattern", "expect this byte in all that is read");
    static final OptionSpec QUIET = OptionSpec.flag('q', "print no figures");
    static final OptionSpec REGISTER = OptionSpec.flag('r', "register the buffer: accepted, without effect");
    static final OptionSpec DUMP = OptionSpec.flag('v', "print what was read");

    /** What a buffer holds that nothing was read into. */
    private static final byte UNREAD = (byte) 0xab;

    private static final int BUFFER_ALIGNMENT = 4096;
    private static final int ROW = 16;

    private final long offset;
    private final ByteBuffer buffer;
    private final Choice choice;
    private final int verifyFrom;
    private final int verifyLength;

    /** What the options say. */
    static final class Choice {
        private boolean machine;
        private boolean quiet;
        private boolean dump;
        private @Nullable Byte pattern;

        /** Takes one; answers whether it was one of these. */
        boolean take(String key, Words words) throws IoFailure {
            switch (key) {
                case "C" -> machine = true;
                case "P" -> pattern = Numbers.pattern(words.argument());
                case "q" -> quiet = true;
                case "r" -> {
                    // Buffers are not registered.
                }
                case "v" -> dump = true;
                default -> {
                    return false;
                }
            }
            return true;
        }

        boolean hasPattern() {
            return pattern != null;
        }
    }

    /** A device's way to read, for its guest's bytes or for others. */
    @FunctionalInterface
    interface Source {
        /** Fills the buffer. */
        void read(ByteBuffer destination, long offset) throws IOException;
    }

    /** A request whose bytes are all compared with the pattern, if there is one. */
    ReadRequest(long offset, int length, Choice choice) {
        this(offset, length, choice, 0, length);
    }

    /** A request of which only a part is compared with the pattern. */
    ReadRequest(long offset, int length, Choice choice, int verifyFrom, int verifyLength) {
        this.offset = offset;
        this.buffer = buffer(length, UNREAD);
        this.choice = choice;
        this.verifyFrom = verifyFrom;
        this.verifyLength = verifyLength;
    }

    /** A buffer filled with one byte. */
    static ByteBuffer buffer(int length, byte fill) {
        // The largest requests leave no room for an alignment, which only a device past the host's cache wants.
        ByteBuffer buffer = length > Integer.MAX_VALUE - BUFFER_ALIGNMENT
                ? ByteBuffer.allocateDirect(length)
                : AlignedBuffers.allocate(length, BUFFER_ALIGNMENT);
        long eight = (fill & 0xffL) * 0x0101_0101_0101_0101L;
        while (buffer.remaining() >= Long.BYTES) {
            buffer.putLong(eight);
        }
        while (buffer.hasRemaining()) {
            buffer.put(fill);
        }
        return buffer.flip();
    }

    /** Reads. */
    void perform(Source source) throws IOException {
        source.read(buffer, offset);
        buffer.flip();
    }

    /**
     * Says what came of it.
     *
     * @param started {@link System#nanoTime()} before the read
     * @return whether the pattern was found, if there was one to find
     */
    boolean tell(PrintStream out, long started) {
        long ended = System.nanoTime();
        boolean found = verify();
        if (!found) {
            out.print("Pattern verification failed at offset " + (offset + verifyFrom) + ", " + verifyLength
                    + " bytes\n");
        }
        if (choice.dump && !choice.quiet) {
            dump(out);
        }
        new Figures(choice.quiet, choice.machine)
                .print(out, "read", started + (System.nanoTime() - ended), offset, buffer.limit());
        return found;
    }

    private boolean verify() {
        Byte pattern = choice.pattern;
        if (pattern != null) {
            for (int i = verifyFrom; i < verifyFrom + verifyLength; i++) {
                if (buffer.get(i) != pattern) {
                    return false;
                }
            }
        }
        return true;
    }

    private void dump(PrintStream out) {
        StringBuilder line = new StringBuilder();
        for (int row = 0; row < buffer.limit(); row += ROW) {
            int end = Math.min(buffer.limit(), row + ROW);
            line.setLength(0);
            line.append(Numbers.hex(offset + row, 8)).append(":  ");
            for (int i = row; i < end; i++) {
                line.append(Numbers.hex(buffer.get(i) & 0xff, 2)).append(' ');
            }
            line.append(' ');
            for (int i = row; i < end; i++) {
                line.append(shown((char) (buffer.get(i) & 0xff)));
            }
            out.print(line.append('\n'));
        }
    }

    private static char shown(char c) {
        boolean plain = c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z';
        return plain ? c : '.';
    }
}
