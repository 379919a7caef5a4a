package io.jimg.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.ImageException;
import io.jimg.nbd.wire.Handshake;
import io.jimg.nbd.wire.Transmission;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Servers that say what they must not: every call ends, with an exception, and nothing large is allocated for it. */
class HostileServerTest {
    private static final int SIZE = 1 << 20;

    /** Says what it was told to say, whatever it hears, and hangs up. */
    private static final class Liar implements AutoCloseable {
        private final ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        private final Thread thread;

        Liar(byte[] speech) throws IOException {
            thread = new Thread(() -> {
                try (Socket socket = listening.accept()) {
                    socket.getOutputStream().write(speech);
                    socket.shutdownOutput();
                    InputStream heard = socket.getInputStream();
                    heard.transferTo(OutputStream.nullOutputStream());
                } catch (IOException hungUp) {
                    assertThat(hungUp).isNotNull();
                }
            });
            thread.setDaemon(true);
            thread.start();
        }

        NbdAddress address() {
            return new NbdAddress.Inet("127.0.0.1", listening.getLocalPort());
        }

        @Override
        public void close() throws IOException {
            listening.close();
        }
    }

    /** Writes what a server says. */
    private static final class Speech {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final DataOutputStream out = new DataOutputStream(bytes);

        /** The handshake of a server with structured replies and one context. */
        static Speech upToTransmission() throws IOException {
            Speech speech = new Speech();
            speech.out.writeLong(Handshake.INIT_MAGIC);
            speech.out.writeLong(Handshake.OPTION_MAGIC);
            speech.out.writeShort(3);
            speech.reply(Handshake.OPT_EXTENDED_HEADERS, Handshake.REP_ERR_UNSUP, 0);
            speech.reply(Handshake.OPT_STRUCTURED_REPLY, Handshake.REP_ACK, 0);
            speech.reply(Handshake.OPT_SET_META_CONTEXT, Handshake.REP_META_CONTEXT, 5);
            speech.out.writeInt(9);
            speech.out.writeByte('x');
            speech.reply(Handshake.OPT_SET_META_CONTEXT, Handshake.REP_ACK, 0);
            speech.reply(Handshake.OPT_GO, Handshake.REP_INFO, 12);
            speech.out.writeShort(Handshake.INFO_EXPORT);
            speech.out.writeLong(SIZE);
            speech.out.writeShort(Transmission.HAS_FLAGS | Transmission.SEND_FLUSH);
            speech.reply(Handshake.OPT_GO, Handshake.REP_ACK, 0);
            return speech;
        }

        void reply(int option, int type, int length) throws IOException {
            out.writeLong(Handshake.REPLY_MAGIC);
            out.writeInt(option);
            out.writeInt(type);
            out.writeInt(length);
        }

        void chunk(int flags, int type, long cookie, int length) throws IOException {
            out.writeInt(Transmission.STRUCTURED_REPLY_MAGIC);
            out.writeShort(flags);
            out.writeShort(type);
            out.writeLong(cookie);
            out.writeInt(length);
        }
    }

    /** What must not be said in reply to a read of 100 bytes at 1000, the first request. */
    private enum Lie {
        NO_MAGIC,
        OTHER_COOKIE,
        SIMPLE_REPLY_WITH_DATA,
        DATA_BEFORE,
        DATA_BEHIND,
        DATA_TOO_LONG,
        DATA_WITH_NEGATIVE_LENGTH,
        DATA_TWICE,
        HOLE_TOO_LONG,
        HOLE_OF_NOTHING,
        TOO_LITTLE,
        UNKNOWN_CHUNK,
        STATUS_OF_A_READ,
        ERROR_WITHOUT_ERROR,
        ERROR_TOO_LONG,
        MESSAGE_LONGER_THAN_CHUNK,
        NOTHING_AND_NOT_DONE,
        EXTENDED_REPLY,
        CUT_OFF;

        void say(Speech speech) throws IOException {
            DataOutputStream out = speech.out;
            switch (this) {
                case NO_MAGIC -> out.writeLong(0);
                case OTHER_COOKIE -> speech.chunk(1, Transmission.REPLY_NONE, 7, 0);
                case SIMPLE_REPLY_WITH_DATA -> {
                    out.writeInt(Transmission.SIMPLE_REPLY_MAGIC);
                    out.writeInt(0);
                    out.writeLong(1);
                    out.write(new byte[100]);
                }
                case DATA_BEFORE -> data(speech, 999, 100);
                case DATA_BEHIND -> data(speech, 1001, 100);
                case DATA_TOO_LONG -> data(speech, 1000, 1 << 16);
                case DATA_WITH_NEGATIVE_LENGTH -> {
                    speech.chunk(1, Transmission.REPLY_OFFSET_DATA, 1, -1);
                    out.writeLong(1000);
                }
                case DATA_TWICE -> {
                    speech.chunk(0, Transmission.REPLY_OFFSET_DATA, 1, 108);
                    out.writeLong(1000);
                    out.write(new byte[100]);
                    data(speech, 1000, 100);
                }
                case HOLE_TOO_LONG -> hole(speech, 1000, 101);
                case HOLE_OF_NOTHING -> hole(speech, 1000, 0);
                case TOO_LITTLE -> data(speech, 1000, 99);
                case UNKNOWN_CHUNK -> speech.chunk(1, 77, 1, 0);
                case STATUS_OF_A_READ -> {
                    speech.chunk(1, Transmission.REPLY_BLOCK_STATUS, 1, 12);
                    out.writeInt(9);
                    out.writeLong(1L << 32);
                }
                case ERROR_WITHOUT_ERROR -> {
                    speech.chunk(1, Transmission.REPLY_ERROR, 1, 6);
                    out.writeInt(0);
                    out.writeShort(0);
                }
                case ERROR_TOO_LONG -> speech.chunk(1, Transmission.REPLY_ERROR, 1, 1 << 30);
                case MESSAGE_LONGER_THAN_CHUNK -> {
                    speech.chunk(1, Transmission.REPLY_ERROR, 1, 6);
                    out.writeInt(5);
                    out.writeShort(1);
                }
                case NOTHING_AND_NOT_DONE -> speech.chunk(0, Transmission.REPLY_NONE, 1, 0);
                case EXTENDED_REPLY -> {
                    out.writeInt(Transmission.EXTENDED_REPLY_MAGIC);
                    out.write(new byte[28]);
                }
                case CUT_OFF -> {
                    speech.chunk(1, Transmission.REPLY_OFFSET_DATA, 1, 108);
                    out.writeLong(1000);
                    out.write(new byte[50]);
                }
            }
        }

        private static void data(Speech speech, long offset, int length) throws IOException {
            speech.chunk(1, Transmission.REPLY_OFFSET_DATA, 1, length + 8);
            speech.out.writeLong(offset);
            speech.out.write(new byte[length]);
        }

        private static void hole(Speech speech, long offset, int length) throws IOException {
            speech.chunk(1, Transmission.REPLY_OFFSET_HOLE, 1, 12);
            speech.out.writeLong(offset);
            speech.out.writeInt(length);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aLieEndsTheConnection(Lie lie) throws IOException {
        Speech speech = Speech.upToTransmission();
        lie.say(speech);
        try (Liar server = new Liar(speech.bytes.toByteArray());
                NbdClient client = NbdClient.connect(server.address(), "", List.of("x"))) {
            assertThatThrownBy(() -> client.read(ByteBuffer.allocate(100), 1000))
                    .isInstanceOf(ConnectionLostException.class);
            assertThatThrownBy(client::flush).isInstanceOf(ConnectionLostException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"other context", "empty extent", "half an extent", "a million extents", "twice", "none"})
    void aBlockStatusThatMakesNoSenseEndsIt(String lie) throws IOException {
        Speech speech = Speech.upToTransmission();
        switch (lie) {
            case "other context" -> status(speech, 1, 12, 8, 100, 0);
            case "empty extent" -> status(speech, 1, 12, 9, 0, 0);
            case "half an extent" -> status(speech, 1, 8, 9, 100);
            case "a million extents" -> status(speech, 1, 4 + 8 * ((1 << 20) + 1), 9);
            case "twice" -> {
                status(speech, 0, 12, 9, 100, 0);
                status(speech, 1, 12, 9, 100, 0);
            }
            default -> speech.chunk(1, Transmission.REPLY_NONE, 1, 0);
        }
        try (Liar server = new Liar(speech.bytes.toByteArray());
                NbdClient client = NbdClient.connect(server.address(), "", List.of("x"))) {
            assertThatThrownBy(() -> client.blockStatus(client.info().contexts().get(0), 0, SIZE, false))
                    .isInstanceOf(ConnectionLostException.class);
        }
    }

    private static void status(Speech speech, int flags, int length, int... words) throws IOException {
        speech.chunk(flags, Transmission.REPLY_BLOCK_STATUS, 1, length);
        for (int word : words) {
            speech.out.writeInt(word);
        }
    }

    @Test
    void aRefusalIsNoLie() throws IOException {
        Speech speech = Speech.upToTransmission();
        speech.chunk(0, Transmission.REPLY_ERROR_OFFSET, 1, 6 + 3 + 8);
        speech.out.writeInt(28);
        speech.out.writeShort(3);
        speech.out.writeBytes("abc");
        speech.out.writeLong(1010);
        speech.chunk(1, Transmission.REPLY_NONE, 1, 0);
        speech.chunk(1, Transmission.REPLY_NONE, 2, 0);
        try (Liar server = new Liar(speech.bytes.toByteArray());
                NbdClient client = NbdClient.connect(server.address(), "", List.of("x"))) {
            assertThatThrownBy(() -> client.read(ByteBuffer.allocate(100), 1000))
                    .isInstanceOf(ImageException.class)
                    .isNotInstanceOf(ConnectionLostException.class)
                    .hasMessage("No space left on device");
            client.flush();
        }
    }

    @Property(tries = 150)
    void bytesByChanceEndInAnException(@ForAll long seed) throws IOException {
        Random random = new Random(seed);
        byte[] honest = Speech.upToTransmission().bytes.toByteArray();
        byte[] speech = Arrays.copyOf(honest, honest.length + 200);
        for (int i = 0; i < 3; i++) {
            int at = random.nextInt(honest.length);
            speech[at] = (byte) random.nextInt();
        }
        byte[] tail = new byte[200];
        random.nextBytes(tail);
        System.arraycopy(tail, 0, speech, honest.length, tail.length);
        try (Liar server = new Liar(speech)) {
            assertThatThrownBy(() -> {
                        try (NbdClient client = NbdClient.connect(server.address(), "", List.of("x"))) {
                            client.read(ByteBuffer.allocate(100), 1000);
                        }
                    })
                    .isInstanceOf(IOException.class);
        }
    }
}
