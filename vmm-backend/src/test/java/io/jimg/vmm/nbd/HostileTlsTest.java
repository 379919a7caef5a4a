package io.jimg.vmm.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.BlockDevice;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.TlsIdentity;
import io.jimg.TlsIdentity.Endpoint;
import io.jimg.nbd.ClientTls;
import io.jimg.nbd.ExportInfo.Replies;
import io.jimg.nbd.NbdAddress;
import io.jimg.nbd.NbdClient;
import io.jimg.nbd.tls.X509Folder;
import io.jimg.nbd.wire.Handshake;
import io.jimg.nbd.wire.SocketWire;
import io.jimg.nbd.wire.TlsWire;
import io.jimg.nbd.wire.Transmission;
import io.jimg.nbd.wire.Wire;
import io.jimg.testkit.TestAuthority;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that misuse a server which demands TLS, and clients that keep what others need. */
@Timeout(60)
class HostileTlsTest {
    private static final int SIZE = 4 << 20;
    private static final int NEWSTYLE = Handshake.FIXED_NEWSTYLE | Handshake.NO_ZEROES;
    private static final byte[] NONE = {};

    @TempDir
    private static Path shared;

    private static TlsIdentity serverIdentity;
    private static TlsIdentity clientIdentity;

    @TempDir
    private Path folder;

    private BlockDevice device;
    private NbdServer server;

    @BeforeAll
    static void makeAuthority() throws IOException {
        TestAuthority authority = new TestAuthority(shared.resolve("authority"));
        serverIdentity = X509Folder.load(authority.issue(shared.resolve("server"), "server"), Endpoint.SERVER, true);
        clientIdentity = X509Folder.load(authority.issue(shared.resolve("client"), "client"), Endpoint.CLIENT, true);
    }

    @BeforeEach
    void serve() throws IOException {
        device = Images.standard()
                .open(
                        Files.write(folder.resolve("disk.raw"), new byte[SIZE]),
                        OpenOptions.DEFAULT.withFormat("raw").withWritable(true));
        server = serve(new NbdServerLimits(4, 3, Duration.ofMinutes(1)), true);
    }

    private NbdServer serve(NbdServerLimits limits, boolean tls) throws IOException {
        return NbdServer.start(
                new NbdAddress.Inet("127.0.0.1", 0),
                List.of(NbdExport.of("disk", device)),
                limits,
                tls ? new ServerTls(serverIdentity, true) : null);
    }

    @AfterEach
    void theServerStillServes() throws IOException {
        try (NbdServer last = server;
                NbdClient client = NbdClient.connect(
                        last.address(), "disk", List.of(), new ClientTls(clientIdentity, "localhost"))) {
            client.read(ByteBuffer.allocate(1000), SIZE - 1000);
        }
        device.close();
    }

    private static RawClient startTls(NbdServer server) throws IOException {
        RawClient client = new RawClient(server.address()).flags(NEWSTYLE);
        assertThat(client.askOne(Handshake.OPT_STARTTLS, NONE)).isEqualTo(Handshake.REP_ACK);
        return client;
    }

    @Test
    void nothingIsToldWithoutTls() throws IOException {
        try (RawClient client = new RawClient(server.address()).flags(NEWSTYLE)) {
            for (int option : new int[] {
                Handshake.OPT_LIST,
                Handshake.OPT_INFO,
                Handshake.OPT_GO,
                Handshake.OPT_STRUCTURED_REPLY,
                Handshake.OPT_LIST_META_CONTEXT,
                Handshake.OPT_EXTENDED_HEADERS,
                12345
            }) {
                assertThat(client.askOne(option, RawClient.info("disk")))
                        .as("option %d", option)
                        .isEqualTo(Handshake.REP_ERR_TLS_REQD);
            }
            assertThat(client.askOne(Handshake.OPT_STARTTLS, new byte[1])).isEqualTo(Handshake.REP_ERR_INVALID);
            assertThat(client.askOne(Handshake.OPT_ABORT, NONE)).isEqualTo(Handshake.REP_ACK);
            assertThat(client.hungUp()).isTrue();
        }
        try (RawClient client = new RawClient(server.address()).flags(NEWSTYLE)) {
            client.option(Handshake.OPT_EXPORT_NAME, "disk".getBytes());
            assertThat(client.hungUp()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"noise", "zeroes", "a record without end", "an unfinished record", "plain options"})
    void whatIsNoTlsEndsTheConnection(String what) throws IOException {
        try (RawClient client = startTls(server)) {
            switch (what) {
                case "noise" -> {
                    byte[] noise = new byte[100_000];
                    new Random(5).nextBytes(noise);
                    sendAll(client, noise);
                }
                case "zeroes" -> sendAll(client, new byte[100_000]);
                case "a record without end" -> sendAll(client, new byte[] {22, 3, 3, -1, -1});
                case "an unfinished record" -> {
                    sendAll(client, new byte[] {22, 3, 3, 1, 0, 1});
                    client.channel.shutdownOutput();
                }
                default -> client.option(Handshake.OPT_LIST, NONE);
            }
            endsWithoutPlainReply(client);
        }
    }

    /** A server that had enough closes while its client still sends. */
    private static void sendAll(RawClient client, byte[] bytes) {
        try {
            client.out.write(bytes);
        } catch (IOException closed) {
            assertThat(closed).hasMessageMatching(".*(Broken pipe|reset).*");
        }
    }

    /** What comes is an alert of TLS at most. */
    private static void endsWithoutPlainReply(RawClient client) throws IOException {
        byte[] rest;
        try {
            rest = client.in.readAllBytes();
        } catch (SocketException reset) {
            return;
        }
        assertThat(rest.length).isLessThan(100);
        assertThat(rest.length == 0 || rest[0] == 21).isTrue();
    }

    /** What a man in the middle appends to STARTTLS must not be taken for what the client says in TLS. */
    @Test
    void optionsBehindStartTlsAreNotTaken() throws IOException {
        try (RawClient client = new RawClient(server.address()).flags(NEWSTYLE)) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            DataOutputStream message = new DataOutputStream(bytes);
            for (int option : new int[] {Handshake.OPT_STARTTLS, Handshake.OPT_LIST}) {
                message.writeLong(Handshake.OPTION_MAGIC);
                message.writeInt(option);
                message.writeInt(0);
            }
            client.out.write(bytes.toByteArray());
            assertThat(client.reply().type()).isEqualTo(Handshake.REP_ACK);
            endsWithoutPlainReply(client);
        }
    }

    /** What was agreed on in the clear is forgotten, for anybody may have agreed on it. */
    @Test
    void startTlsForgetsWhatWasSaid() throws IOException {
        try (NbdServer both = NbdServer.start(
                        new NbdAddress.Inet("127.0.0.1", 0),
                        List.of(NbdExport.of("disk", device)),
                        NbdServerLimits.DEFAULT,
                        new ServerTls(serverIdentity, false));
                RawClient client = new RawClient(both.address()).flags(NEWSTYLE)) {
            assertThat(client.askOne(Handshake.OPT_EXTENDED_HEADERS, NONE)).isEqualTo(Handshake.REP_ACK);
            assertThat(client.ask(
                            Handshake.OPT_SET_META_CONTEXT, RawClient.queries("disk", Transmission.BASE_ALLOCATION)))
                    .hasSize(2);
            assertThat(client.askOne(Handshake.OPT_STARTTLS, NONE)).isEqualTo(Handshake.REP_ACK);
            try (Wire tls = TlsWire.client(SocketWire.blocking(client.channel), clientIdentity, "localhost")) {
                assertThat(ask(tls, Handshake.OPT_SET_META_CONTEXT, RawClient.queries("disk")))
                        .as("structured replies come first again")
                        .isEqualTo(Handshake.REP_ERR_INVALID);
                assertThat(ask(tls, Handshake.OPT_STARTTLS, NONE)).isEqualTo(Handshake.REP_ERR_INVALID);
                assertThat(ask(tls, Handshake.OPT_STRUCTURED_REPLY, NONE)).isEqualTo(Handshake.REP_ACK);
                assertThat(ask(tls, Handshake.OPT_ABORT, NONE)).isEqualTo(Handshake.REP_ACK);
                assertThatThrownBy(() -> tls.read(ByteBuffer.allocate(1))).hasMessage("The TLS connection was ended");
            }
        }
    }

    private static int ask(Wire wire, int option, byte[] data) throws IOException {
        wire.write(ByteBuffer.allocate(16 + data.length)
                .putLong(Handshake.OPTION_MAGIC)
                .putInt(option)
                .putInt(data.length)
                .put(data)
                .flip());
        ByteBuffer header = ByteBuffer.allocate(20);
        wire.read(header);
        wire.read(ByteBuffer.allocate(header.getInt(16)));
        return header.getInt(12);
    }

    @Test
    void whoStopsInTheHandshakeKeepsNobodyOut() throws IOException {
        try (RawClient client = startTls(server)) {
            sendAll(client, new byte[] {22, 3, 3, 1, 0, 1, 0});
            try (NbdClient other = NbdClient.connect(
                    server.address(), "disk", List.of(), new ClientTls(clientIdentity, "localhost"))) {
                other.read(ByteBuffer.allocate(10), 0);
            }
        }
    }

    /** However far it came in that time. */
    @Test
    void whoStopsInTheHandshakeIsLeft() throws IOException {
        try (NbdServer impatient = serve(new NbdServerLimits(2, 1, Duration.ofSeconds(2)), true);
                RawClient client = new RawClient(impatient.address())) {
            try {
                client.flags(NEWSTYLE).option(Handshake.OPT_STARTTLS, NONE);
                client.reply();
                client.out.write(new byte[] {22, 3, 3, 1, 0, 1, 0});
                assertThat(client.hungUp()).isTrue();
            } catch (IOException left) {
                assertThat(left).isNotNull();
            }
        }
    }

    /** Its threads wait, and those of others do not. */
    @Test
    void whoTakesNoRepliesStopsNobodyElse() throws Exception {
        try (NbdServer plain = serve(new NbdServerLimits(4, 3, Duration.ofMinutes(1)), false);
                RawClient greedy = new RawClient(plain.address()).begin("disk", Replies.STRUCTURED)) {
            Thread asking = new Thread(() -> {
                try {
                    while (true) {
                        greedy.request(Transmission.FLAG_DF, Transmission.CMD_READ, 0, SIZE);
                    }
                } catch (IOException over) {
                    // The test closes it.
                }
            });
            asking.start();
            asking.join(500);
            try (NbdClient other = NbdClient.connect(plain.address(), "disk", List.of())) {
                for (int i = 0; i < 20; i++) {
                    other.write(ByteBuffer.allocate(100_000), 0, true);
                }
                other.flush();
            }
            greedy.close();
            asking.join();
        }
    }
}
