package io.jimg.vmm.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.BlockDevice;
import io.jimg.DiskImage;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.Options;
import io.jimg.TlsIdentity;
import io.jimg.TlsIdentity.Endpoint;
import io.jimg.nbd.ClientTls;
import io.jimg.nbd.NbdAddress;
import io.jimg.nbd.NbdClient;
import io.jimg.nbd.tls.X509Folder;
import io.jimg.spi.DottedOptions;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.TestAuthority;
import io.jimg.testkit.Tool;
import io.jimg.vmm.DiskBackends;
import io.jimg.vmm.RunningExport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** TLS: our server with others' clients and ours, our client with their server, and all who must not get in. */
class TlsTest {
    private static final String NOT_ACCEPTED = "The server does not accept the client's certificate: ";
    private static final int SIZE = 4 << 20;

    @TempDir
    private static Path shared;

    private static TestAuthority authority;

    @TempDir
    private Path folder;

    private Path serverFolder;
    private Path clientFolder;
    private byte[] content;
    private Path disk;
    private BlockDevice device;

    @BeforeAll
    static void makeAuthority() throws IOException {
        authority = new TestAuthority(shared.resolve("authority"));
        authority.issue(shared.resolve("server"), "server");
        authority.issue(shared.resolve("client"), "client");
    }

    /** Copies of what all tests share, for some change them. */
    @BeforeEach
    void makeDisk() throws IOException {
        serverFolder = copy("server");
        clientFolder = copy("client");
        content = new byte[SIZE];
        new Random(11).nextBytes(content);
        disk = Files.write(folder.resolve("disk.raw"), content);
        device = Images.standard()
                .open(disk, OpenOptions.DEFAULT.withFormat("raw").withWritable(true));
    }

    private Path copy(String name) throws IOException {
        Path copy = Files.createDirectory(folder.resolve(name));
        try (Stream<Path> files = Files.list(shared.resolve(name))) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        return copy;
    }

    @AfterEach
    void close() throws IOException {
        device.close();
    }

    private NbdServer serve(Path credentials, boolean verifyPeer, boolean required) throws IOException {
        TlsIdentity identity = X509Folder.load(credentials, Endpoint.SERVER, verifyPeer);
        return NbdServer.start(
                new NbdAddress.Inet("127.0.0.1", 0),
                List.of(NbdExport.of("disk", device)),
                NbdServerLimits.DEFAULT,
                new ServerTls(identity, required));
    }

    private static NbdClient connect(NbdAddress address, Path credentials, String host) throws IOException {
        TlsIdentity identity = X509Folder.load(credentials, Endpoint.CLIENT, true, false);
        return NbdClient.connect(address, "disk", List.of("base:allocation"), new ClientTls(identity, host));
    }

    private void readsAll(NbdClient client) throws IOException {
        ByteBuffer read = ByteBuffer.allocate(SIZE);
        client.read(read, 0);
        assertThat(read.array()).isEqualTo(content);
    }

    /** What a client that is not let in is told. */
    private static void refused(NbdServer server, Path credentials, String host, String sentence) {
        assertThatThrownBy(() -> connect(server.address(), credentials, host).close())
                .isInstanceOf(ImageException.class)
                .hasMessageContaining(sentence);
    }

    @Test
    void servesOurClient() throws Exception {
        try (NbdServer server = serve(serverFolder, true, true)) {
            try (NbdClient client = connect(server.address(), clientFolder, "localhost")) {
                readsAll(client);
                new Random(12).nextBytes(content);
                client.write(ByteBuffer.wrap(content), 0, true);
                readsAll(client);
                Thread[] others = new Thread[4];
                for (int i = 0; i < others.length; i++) {
                    int own = i << 20;
                    others[i] = new Thread(() -> change(client, own));
                    others[i].start();
                }
                for (Thread other : others) {
                    other.join();
                }
                readsAll(client);
                client.flush();
            }
        }
        assertThat(Files.readAllBytes(disk)).isEqualTo(content);
    }

    /** Writes to a part of the disk and of the content alike. */
    private void change(NbdClient client, int start) {
        Random random = new Random(start);
        for (int i = 0; i < 50; i++) {
            byte[] bytes = new byte[1 + random.nextInt(40_000)];
            random.nextBytes(bytes);
            int at = start + random.nextInt((1 << 20) - bytes.length);
            System.arraycopy(bytes, 0, content, at, bytes.length);
            try {
                client.write(ByteBuffer.wrap(bytes), at, false);
            } catch (IOException failed) {
                throw new AssertionError(failed);
            }
        }
    }

    /** What most authorities are: GnuTLS shows no such certificate to a Java of today in TLS 1.3. */
    @Test
    void servesTheirClientsWithCertificatesOfRsa() throws Exception {
        String[] rsa = {"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"};
        TestAuthority other = new TestAuthority(folder.resolve("authority"), "rsa:2048");
        Path ours = other.issue(folder.resolve("ours"), "server", 1, rsa);
        Path theirs = other.issue(folder.resolve("theirs"), "client", 1, rsa);
        try (NbdServer server = serve(ours, true, true)) {
            int port = ((NbdAddress.Inet) server.address()).port();
            Tool.require("nbdinfo", "libnbd-bin")
                    .run("nbds://localhost:" + port + "/disk?tls-certificates=" + theirs)
                    .expectExit(0);
            try (NbdClient client = connect(server.address(), theirs, "localhost")) {
                readsAll(client);
            }
        }
    }

    @Test
    void servesTheirClients() throws Exception {
        QemuOracle oracle = QemuOracle.assumeVersion(10);
        try (NbdServer server = serve(serverFolder, true, true)) {
            int port = ((NbdAddress.Inet) server.address()).port();
            String credentials = "tls-creds-x509,id=tls0,endpoint=client,dir=" + clientFolder;
            String options = "driver=nbd,host=localhost,port=" + port + ",export=disk,tls-creds=tls0";
            oracle.img("compare", "--object", credentials, "--image-opts", "driver=raw,file.filename=" + disk, options)
                    .expectExit(0);
            Tool.Result io = oracle.io(
                    "--object",
                    credentials,
                    "--image-opts",
                    "-c",
                    "write -P 7 1M 2M",
                    "-c",
                    "read -P 7 1M 2M",
                    options);
            assertThat(io.expectExit(0).stdout()).doesNotContain("failed");
            String url = "nbds://localhost:" + port + "/disk?tls-certificates=" + clientFolder;
            Path copy = folder.resolve("copy.raw");
            Tool.require("nbdcopy", "libnbd-bin").run(url, copy).expectExit(0);
            assertThat(copy).hasSameBinaryContentAs(disk);
            Tool nbdinfo = Tool.require("nbdinfo", "libnbd-bin");
            assertThat(nbdinfo.run(url).expectExit(0).stdout()).contains("TLS");
            Path stranger = new TestAuthority(folder.resolve("other")).issue(folder.resolve("stranger"), "client");
            assertThat(nbdinfo.run("nbds://localhost:" + port + "/disk?tls-certificates=" + stranger)
                            .exitCode())
                    .isNotZero();
            assertThat(nbdinfo.run("nbd://localhost:" + port + "/disk").exitCode())
                    .isNotZero();
            assertThat(oracle.img("info", "nbd://localhost:" + port + "/disk")
                            .expectExit(1)
                            .stderr())
                    .endsWith("TLS negotiation required before option 7 (go)\nDid you forget a valid tls-creds?\n"
                            + "server reported: Option 0x7 not permitted before TLS\n");
        }
    }

    @Test
    void isServedByTheirs() throws Exception {
        QemuOracle oracle = QemuOracle.assumeVersion(10);
        Path socket = folder.resolve("theirs.sock");
        Process theirs = new ProcessBuilder(
                        oracle.folder().resolve("qemu-nbd").toString(),
                        "-t",
                        "-f",
                        "raw",
                        "-x",
                        "disk",
                        "-k",
                        socket.toString(),
                        "--pid-file=" + folder.resolve("pid"),
                        "--object",
                        "tls-creds-x509,id=tls0,endpoint=server,dir=" + serverFolder,
                        "--tls-creds=tls0",
                        disk.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        try {
            device.close();
            while (!Files.exists(folder.resolve("pid"))) {
                assertThat(theirs.isAlive()).isTrue();
                Thread.sleep(5);
            }
            NbdAddress address = new NbdAddress.Unix(socket.toString());
            TlsIdentity identity = X509Folder.load(clientFolder, Endpoint.CLIENT, true);
            OpenOptions options = OpenOptions.DEFAULT
                    .withWritable(true)
                    .withTlsCredentials(id -> id.equals("tls0") ? identity : null)
                    .withDriverOptions(DottedOptions.EMPTY
                            .with("driver", "raw")
                            .with("file.driver", "nbd")
                            .with("file.path", socket.toString())
                            .with("file.export", "disk")
                            .with("file.tls-creds", "tls0")
                            .with("file.tls-hostname", "localhost"));
            try (DiskImage image = Images.standard().openTree(options)) {
                ByteBuffer read = ByteBuffer.allocate(SIZE);
                image.read(read, 0);
                assertThat(read.array()).isEqualTo(content);
                new Random(13).nextBytes(content);
                image.write(ByteBuffer.wrap(content), 0);
                image.flush();
            }
            assertThat(Files.readAllBytes(disk)).isEqualTo(content);
            assertThatThrownBy(() -> connect(address, clientFolder, "other").close())
                    .hasMessageContaining("Certificate does not match the hostname other");
            assertThatThrownBy(() -> connect(address, clientFolder, null).close())
                    .hasMessageContaining("No hostname for certificate validation");
            Path bare = authority.folder(folder.resolve("bare"));
            assertThatThrownBy(() -> connect(address, bare, "localhost").close())
                    .isInstanceOf(ImageException.class);
            assertThatThrownBy(
                            () -> NbdClient.connect(address, "disk", List.of()).close())
                    .hasMessageContaining("TLS negotiation required before option 7 (go)\nDid you forget a valid"
                            + " tls-creds?\nserver reported: Option 0x7 not permitted before TLS");
        } finally {
            theirs.destroy();
            assertThat(theirs.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void refusesWhoIsNotKnown() throws Exception {
        TestAuthority other = new TestAuthority(folder.resolve("other"));
        try (NbdServer server = serve(serverFolder, true, true)) {
            Path bare = authority.folder(folder.resolve("bare"));
            refused(server, bare, "localhost", NOT_ACCEPTED);
            refused(
                    server,
                    authority.issue(folder.resolve("old"), "client", -1, "-algorithm", "ED25519"),
                    "localhost",
                    NOT_ACCEPTED);
            refused(server, authority.issue(folder.resolve("use"), "server"), "localhost", NOT_ACCEPTED);
            // This server's certificate is not of the other authority, and the other's client is unknown here.
            Path stranger = other.issue(folder.resolve("stranger"), "client");
            refused(server, stranger, "localhost", "The certificate hasn't got a known issuer");
            Files.copy(
                    clientFolder.resolve("ca-cert.pem"),
                    stranger.resolve("ca-cert.pem"),
                    StandardCopyOption.REPLACE_EXISTING);
            refused(server, stranger, "localhost", NOT_ACCEPTED);
            refused(server, clientFolder, "example.com", "Certificate does not match the hostname example.com");
            try (NbdClient client = connect(server.address(), clientFolder, "127.0.0.1")) {
                readsAll(client);
            }
        }
        authority.revokeAll(serverFolder);
        try (NbdServer server = serve(serverFolder, true, true)) {
            refused(server, clientFolder, "localhost", NOT_ACCEPTED);
            try (NbdClient client =
                    connect(server.address(), authority.issue(folder.resolve("fresh"), "client"), "localhost")) {
                readsAll(client);
            }
        }
    }

    @Test
    void revokedAndExpiredServersAreRefused() throws Exception {
        authority.revokeAll(clientFolder);
        try (NbdServer server = serve(serverFolder, false, true)) {
            refused(server, clientFolder, "localhost", "The certificate has been revoked");
        }
        Path old = authority.issue(folder.resolve("old"), "server", -1, "-algorithm", "ED25519");
        assertThatThrownBy(() -> X509Folder.load(old, Endpoint.SERVER, false))
                .hasMessage("The server certificate " + old.resolve("server-cert.pem") + " has expired");
        TlsIdentity expired = X509Folder.load(old, Endpoint.SERVER, false, false);
        try (NbdServer server = NbdServer.start(
                new NbdAddress.Inet("127.0.0.1", 0),
                List.of(NbdExport.of("disk", device)),
                NbdServerLimits.DEFAULT,
                new ServerTls(expired, true))) {
            refused(server, authority.folder(folder.resolve("bare")), "localhost", "The certificate has expired");
        }
    }

    @Test
    void servesWithoutCertificatesOrWithoutTlsWhereThatIsAllowed() throws Exception {
        Path bare = authority.folder(folder.resolve("bare"));
        try (NbdServer server = serve(serverFolder, false, false)) {
            try (NbdClient client = connect(server.address(), bare, "localhost")) {
                readsAll(client);
            }
            try (NbdClient client = NbdClient.connect(server.address(), "disk", List.of())) {
                readsAll(client);
            }
        }
        try (NbdServer server = serve(serverFolder, false, true)) {
            assertThatThrownBy(() -> NbdClient.connect(server.address(), "disk", List.of())
                            .close())
                    .hasMessageContaining("TLS negotiation required before option 7 (go)");
            TlsIdentity blind = X509Folder.load(
                    new TestAuthority(folder.resolve("other")).folder(folder.resolve("blind")), Endpoint.CLIENT, false);
            try (NbdClient client =
                    NbdClient.connect(server.address(), "disk", List.of(), new ClientTls(blind, null))) {
                readsAll(client);
            }
        }
        try (NbdServer server = NbdServer.start(
                new NbdAddress.Inet("127.0.0.1", 0), List.of(NbdExport.of("disk", device)), NbdServerLimits.DEFAULT)) {
            refused(
                    server,
                    clientFolder,
                    "localhost",
                    "Denied by server for option 5 (starttls)\nserver reported: TLS not configured");
        }
    }

    @Test
    void isAskedForThroughTheHook() throws Exception {
        Options options = Options.of(NbdBackend.PORT, 0L)
                .with(NbdBackend.EXPORT, "disk")
                .with(NbdBackend.TLS_DIR, serverFolder.toString());
        try (RunningExport export = DiskBackends.named("nbd").start(device, options)) {
            int port = Integer.parseInt(export.address().replaceAll(".*:([0-9]+)/disk", "$1"));
            try (NbdClient client = connect(new NbdAddress.Inet("127.0.0.1", port), clientFolder, "localhost")) {
                readsAll(client);
            }
        }
        assertThatThrownBy(() -> DiskBackends.named("nbd")
                        .start(device, options.with(NbdBackend.TLS_DIR, clientFolder.toString())))
                .hasMessage("Unable to access credentials " + clientFolder.resolve("server-cert.pem")
                        + ": No such file or directory");
    }

    @ParameterizedTest
    @CsvSource({"RSA,rsa_keygen_bits:2048,rsa -traditional", "EC,ec_paramgen_curve:P-384,ec", "ED25519,,"})
    void keysOfAllKindsAndForms(String kind, @Nullable String parameter, @Nullable String olderForm) throws Exception {
        String[] words = parameter == null
                ? new String[] {"-algorithm", kind}
                : new String[] {"-algorithm", kind, "-pkeyopt", parameter};
        Path own = authority.issue(folder.resolve("own"), "server", 1, words);
        Path key = own.resolve("server-key.pem");
        servesWith(own, key, "BEGIN PRIVATE KEY");
        if (olderForm != null) {
            Path other = folder.resolve("older.pem");
            List<Object> conversion = new ArrayList<>(List.of((Object[]) olderForm.split(" ")));
            conversion.addAll(List.of("-in", key, "-out", other));
            Tool.require("openssl", "openssl").run(conversion.toArray()).expectExit(0);
            Files.move(other, key, StandardCopyOption.REPLACE_EXISTING);
            servesWith(own, key, "BEGIN " + kind + " PRIVATE KEY");
        }
    }

    private void servesWith(Path credentials, Path key, String form) throws IOException {
        assertThat(key).content().contains(form);
        try (NbdServer server = serve(credentials, true, true);
                NbdClient client = connect(server.address(), clientFolder, "localhost")) {
            readsAll(client);
        }
    }

    @Test
    void foldersThatCannotBeUsedSaySo() throws Exception {
        Path key = serverFolder.resolve("server-key.pem");
        Path certificate = serverFolder.resolve("server-cert.pem");
        String good = Files.readString(key);
        Files.writeString(key, "nothing");
        unusable("Unable to import private key " + key + ": there is none in it");
        Files.writeString(key, good.replace("-----END", "-----"));
        unusable("Unable to import " + key + ": a block has no end");
        Files.writeString(key, good.replaceFirst("\n", "\n*"));
        unusable("Unable to import " + key + ": Illegal base64 character");
        Files.writeString(key, good.replaceAll("(?s)\n.*\n-----END", "\nAAAA\n-----END"));
        unusable("Unable to import private key " + key + ": the key is broken");
        Files.writeString(key, good.replace("PRIVATE KEY", "EC PRIVATE KEY"));
        unusable("Unable to import private key " + key + ": the key does not name its curve");
        Files.writeString(key, good.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"));
        unusable("Unable to import private key " + key + ": the key is encrypted");
        Files.copy(clientFolder.resolve("client-key.pem"), key, StandardCopyOption.REPLACE_EXISTING);
        unusable("Cannot load certificate '" + certificate + "' & key '" + key
                + "': The certificate and the given key do not match.");
        Files.writeString(certificate, "nothing");
        unusable("Unable to import server certificate " + certificate + ": there is none in it");
        Files.writeString(certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        unusable("Unable to import server certificate " + certificate + ": ");
        Files.delete(serverFolder.resolve("ca-cert.pem"));
        unusable("Unable to access credentials " + serverFolder.resolve("ca-cert.pem") + ": No such file or directory");
    }

    private void unusable(String sentence) {
        assertThatThrownBy(() -> X509Folder.load(serverFolder, Endpoint.SERVER, true))
                .isInstanceOf(ImageException.class)
                .hasMessageStartingWith(sentence);
    }
}
