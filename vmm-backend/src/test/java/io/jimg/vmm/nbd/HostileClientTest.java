package io.jimg.vmm.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.BlockDevice;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.nbd.NbdAddress;
import io.jimg.nbd.NbdClient;
import io.jimg.nbd.wire.Handshake;
import io.jimg.nbd.wire.NbdError;
import io.jimg.nbd.wire.Transmission;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients of another age, and clients that say what they must not: the server outlives them all. */
@Tag("quick")
class HostileClientTest {
    private static final int SIZE = 1 << 20;

    @TempDir
    private Path folder;

    private byte[] content;
    private BlockDevice device;
    private NbdServer server;

    @BeforeEach
    void serve() throws IOException {
        content = new byte[SIZE];
        new Random(3).nextBytes(content);
        Path file = Files.write(folder.resolve("disk.raw"), content);
        device = Images.standard()
                .open(file, OpenOptions.DEFAULT.withFormat("raw").withWritable(true));
        server = NbdServer.start(
                new NbdAddress.Inet("127.0.0.1", 0),
                List.of(NbdExport.of("disk", device)),
                new NbdServerLimits(4, 3, Duration.ofMinutes(1)));
    }

    @AfterEach
    void theServerStillServes() throws IOException {
        try (NbdServer last = server;
                NbdClient client = NbdClient.connect(last.address(), "disk", List.of())) {
            ByteBuffer read = ByteBuffer.allocate(1000);
            client.read(read, SIZE - 1000);
            assertThat(read.array()).isEqualTo(Arrays.copyOfRange(content, SIZE - 1000, SIZE));
        }
        device.close();
    }

    /** A socket with the words of the protocol. */
    private final class Client implements AutoCloseable {
        private final Socket socket;
        private final DataInputStream in;
        private final DataOutputStream out;

        Client() throws IOException {
            this(server);
        }

        Client(NbdServer server) throws IOException {
            socket = new Socket("127.0.0.1", ((NbdAddress.Inet) server.address()).port());
            socket.setSoTimeout(20_000);
            in = new DataInputStream(socket.getInputStream());
            out = new DataOutputStream(socket.getOutputStream());
            assertThat(in.readLong()).isEqualTo(Handshake.INIT_MAGIC);
            assertThat(in.readLong()).isEqualTo(Handshake.OPTION_MAGIC);
            assertThat(in.readShort()).isEqualTo((short) 3);
        }

        void flags(int flags) throws IOException {
            out.writeInt(flags);
        }

        void option(int option, byte[] data) throws IOException {
            out.writeLong(Handshake.OPTION_MAGIC);
            out.writeInt(option);
            out.writeInt(data.length);
            out.write(data);
        }

        int reply() throws IOException {
            assertThat(in.readLong()).isEqualTo(Handshake.REPLY_MAGIC);
            in.readInt();
            int type = in.readInt();
            in.skipNBytes(in.readInt());
            return type;
        }

        /** Begins transmission as clients did before there were options. */
        void begin() throws IOException {
            flags(0);
            option(Handshake.OPT_EXPORT_NAME, "disk".getBytes());
            assertThat(in.readLong()).isEqualTo(SIZE);
            in.readShort();
            in.skipNBytes(Handshake.PADDING);
        }

        void request(int flags, int command, long offset, int length) throws IOException {
            out.writeInt(Transmission.REQUEST_MAGIC);
            out.writeShort(flags);
            out.writeShort(command);
            out.writeLong(77);
            out.writeLong(offset);
            out.writeInt(length);
        }

        int simpleReply() throws IOException {
            assertThat(in.readInt()).isEqualTo(Transmission.SIMPLE_REPLY_MAGIC);
            int error = in.readInt();
            assertThat(in.readLong()).isEqualTo(77);
            return error;
        }

        void hungUp() throws IOException {
            try {
                in.readFully(new byte[1 << 20]);
                throw new AssertionError("the server goes on");
            } catch (EOFException | SocketException over) {
                assertThat(over).isNotNull();
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @Test
    void simpleRepliesWithoutOptions() throws IOException {
        try (Client client = new Client()) {
            client.begin();
            client.request(0, Transmission.CMD_READ, 100, 50);
            assertThat(client.simpleReply()).isZero();
            assertThat(client.in.readNBytes(50)).isEqualTo(Arrays.copyOfRange(content, 100, 150));
            client.request(Transmission.FLAG_FUA, Transmission.CMD_WRITE, 100, 3);
            client.out.write(new byte[] {1, 2, 3});
            assertThat(client.simpleReply()).isZero();
            client.request(0, Transmission.CMD_CACHE, 0, SIZE);
            assertThat(client.simpleReply()).isZero();
            client.request(0, Transmission.CMD_FLUSH, 0, 0);
            assertThat(client.simpleReply()).isZero();
            client.request(0, Transmission.CMD_DISC, 0, 0);
            client.hungUp();
        }
    }

    @Test
    void requestsThatCannotBeAreAnsweredAndTheirPayloadsSkipped() throws IOException {
        try (Client client = new Client()) {
            client.begin();
            int[][] refused = {
                {0, Transmission.CMD_READ, SIZE - 1, 2, NbdError.INVALID.number()},
                {0, Transmission.CMD_READ, 0, -1, NbdError.INVALID.number()},
                {0, Transmission.CMD_WRITE, SIZE - 1, 2, NbdError.NO_SPACE.number()},
                {0, Transmission.CMD_WRITE_ZEROES, SIZE, 1, NbdError.NO_SPACE.number()},
                {0, Transmission.CMD_TRIM, SIZE, 1, NbdError.INVALID.number()},
                {0, Transmission.CMD_BLOCK_STATUS, 0, 1, NbdError.INVALID.number()},
                {0, 8, 0, 1, NbdError.INVALID.number()},
                {1 << 9, Transmission.CMD_READ, 0, 1, NbdError.INVALID.number()},
                {Transmission.FLAG_PAYLOAD_LEN, Transmission.CMD_READ, 0, 1, NbdError.INVALID.number()}
            };
            for (int[] each : refused) {
                client.request(each[0], each[1], each[2], each[3]);
                if (each[1] == Transmission.CMD_WRITE) {
                    client.out.write(new byte[each[3]]);
                }
                if (each[1] != Transmission.CMD_BLOCK_STATUS) {
                    assertThat(client.simpleReply()).as(Arrays.toString(each)).isEqualTo(each[4]);
                } else {
                    assertThat(client.simpleReply()).isEqualTo(each[4]);
                }
            }
            assertThat(server.statistics("disk").failures()).isEqualTo(refused.length);
        }
    }

    @Test
    void optionsThatMakeNoSenseAreRefused() throws IOException {
        try (Client client = new Client()) {
            client.flags(Handshake.FIXED_NEWSTYLE);
            client.option(12345, new byte[10]);
            assertThat(client.reply()).isEqualTo(Handshake.REP_ERR_UNSUP);
            client.option(Handshake.OPT_STARTTLS, new byte[0]);
            assertThat(client.reply()).isEqualTo(Handshake.REP_ERR_POLICY);
            client.option(Handshake.OPT_LIST, new byte[1]);
            assertThat(client.reply()).isEqualTo(Handshake.REP_ERR_INVALID);
            client.option(Handshake.OPT_GO, new byte[3]);
            assertThat(client.reply()).isEqualTo(Handshake.REP_ERR_INVALID);
            client.option(Handshake.OPT_GO, new byte[] {(byte) 0x80, 0, 0, 0, 0, 0});
            assertThat(client.reply()).isEqualTo(Handshake.REP_ERR_INVALID);
            client.option(Handshake.OPT_GO, new byte[] {0, 0, 0, 0, 0, 0});
            assertThat(client.reply()).isEqualTo(Handshake.REP_ERR_UNKNOWN);
            client.option(Handshake.OPT_SET_META_CONTEXT, new byte[8]);
            assertThat(client.reply()).isEqualTo(Handshake.REP_ERR_INVALID);
            client.option(Handshake.OPT_LIST_META_CONTEXT, new byte[] {0, 0, 0, 0, 127, 0, 0, 0});
            assertThat(client.reply()).isEqualTo(Handshake.REP_ERR_TOO_BIG);
            client.option(Handshake.OPT_INFO, new byte[100_000]);
            assertThat(client.reply()).isEqualTo(Handshake.REP_ERR_TOO_BIG);
            client.option(Handshake.OPT_EXTENDED_HEADERS, new byte[0]);
            assertThat(client.reply()).isEqualTo(Handshake.REP_ACK);
            client.option(Handshake.OPT_STRUCTURED_REPLY, new byte[0]);
            assertThat(client.reply()).isEqualTo(Handshake.REP_ERR_EXT_HEADER_REQD);
            client.option(Handshake.OPT_ABORT, new byte[7]);
            assertThat(client.reply()).isEqualTo(Handshake.REP_ACK);
            client.hungUp();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"flags", "magic", "length", "no export", "no request magic", "payload"})
    void whoBreaksTheProtocolIsLeft(String how) throws IOException {
        try (Client client = new Client()) {
            switch (how) {
                case "flags" -> client.flags(4);
                case "magic" -> {
                    client.flags(1);
                    client.out.write(new byte[16]);
                }
                case "length" -> {
                    client.flags(1);
                    client.out.writeLong(Handshake.OPTION_MAGIC);
                    client.out.writeInt(Handshake.OPT_LIST);
                    client.out.writeInt(-1);
                }
                case "no export" -> {
                    client.flags(0);
                    client.option(Handshake.OPT_EXPORT_NAME, "other".getBytes());
                }
                case "no request magic" -> {
                    client.begin();
                    client.out.write(new byte[28]);
                }
                default -> {
                    client.begin();
                    client.request(0, Transmission.CMD_WRITE, 0, Handshake.LARGEST_PAYLOAD + 1);
                }
            }
            client.hungUp();
        }
    }

    @Test
    void whoSaysNothingIsLeft() throws IOException {
        try (NbdServer impatient = NbdServer.start(
                        new NbdAddress.Inet("127.0.0.1", 0),
                        List.of(NbdExport.of("disk", device)),
                        new NbdServerLimits(1, 1, Duration.ofMillis(100)));
                Client silent = new Client(impatient)) {
            silent.hungUp();
        }
    }

    @Test
    void bytesByChanceEndNoServer() throws IOException {
        for (int seed = 0; seed < 50; seed++) {
            Random random = new Random(seed);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(bytes);
            for (int i = 0; i < 5; i++) {
                out.writeLong(Handshake.OPTION_MAGIC);
                out.writeInt(random.nextInt(14));
                byte[] data = new byte[random.nextInt(40)];
                random.nextBytes(data);
                if (data.length >= 8 && random.nextBoolean()) {
                    ByteBuffer.wrap(data).putInt(4).put("disk".getBytes());
                }
                out.writeInt(data.length);
                out.write(data);
            }
            try (Client client = new Client()) {
                client.flags(1);
                client.out.write(bytes.toByteArray());
                client.socket.shutdownOutput();
                client.hungUp();
            }
        }
    }
}
