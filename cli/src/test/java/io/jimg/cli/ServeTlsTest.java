package io.jimg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.process.Console;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.TestAuthority;
import io.jimg.testkit.Tool;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** TLS by the words of {@code serve} and {@code qemu-nbd}, with the clients of others and with ours. */
@Timeout(120)
class ServeTlsTest {
    private static final int SIZE = 2 << 20;

    @TempDir
    private static Path folder;

    private static QemuOracle oracle;
    private static Path server;
    private static Path client;
    /** Trusts the server, and has a certificate that the server does not trust. */
    private static Path stranger;
    /** Trusts the server, and has no certificate. */
    private static Path bare;

    private static Path disk;

    @BeforeAll
    static void issueCertificates() throws IOException {
        oracle = QemuOracle.assumeVersion(10);
        TestAuthority authority = new TestAuthority(folder.resolve("authority"));
        server = authority.issue(folder.resolve("server"), "server");
        client = authority.issue(folder.resolve("client"), "client");
        bare = authority.folder(folder.resolve("bare"));
        stranger = new TestAuthority(folder.resolve("other")).issue(folder.resolve("stranger"), "client");
        Files.copy(bare.resolve("ca-cert.pem"), stranger.resolve("ca-cert.pem"), StandardCopyOption.REPLACE_EXISTING);
        byte[] content = new byte[SIZE];
        new Random(8).nextBytes(content);
        disk = Files.write(folder.resolve("disk.raw"), content);
    }

    private static String credentials(Path whose) {
        return "tls-creds-x509,id=tls0,endpoint=client,dir=" + whose;
    }

    /** Exit code and complaints of our {@code info}. */
    private static String info(Path whose, String export) {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console("jimg", new ByteArrayOutputStream(), err);
        List<String> words = List.of("info", "--object", credentials(whose), "--image-opts", export);
        int exitCode = Main.run(console, Getopt.Order.PERMUTE, words);
        console.flush();
        return exitCode + err.toString(StandardCharsets.UTF_8);
    }

    private static void readsAll(String export) {
        oracle.img(
                        "compare",
                        "--object",
                        credentials(client),
                        "--image-opts",
                        "driver=raw,file.filename=" + disk,
                        export)
                .expectExit(0);
    }

    @Test
    void servesTheClientsOfAnAuthorityOnAPort() throws IOException {
        Tool nbdinfo = Tool.require("nbdinfo", "libnbd-bin");
        try (ServerProcess process = ServerProcess.start(
                folder, 1, "serve", "--tls-dir", server, "--host=", "--port=0", "--persistent", "-f", "raw", disk)) {
            assertThat(process.address()).matches("nbds://localhost:\\d+");
            String port = process.address().replaceAll(".*:", "");
            assertThat(nbdinfo.run(process.address() + "/?tls-certificates=" + client)
                            .expectExit(0)
                            .stdout())
                    .contains("protocol: newstyle-fixed with TLS", "export-size: " + SIZE);
            String export = "driver=nbd,host=localhost,port=" + port + ",tls-creds=tls0";
            readsAll(export);
            assertThat(info(client, export)).isEqualTo("0");
            for (Path unknown : List.of(stranger, bare)) {
                assertThat(nbdinfo.run(process.address() + "/?tls-certificates=" + unknown)
                                .exitCode())
                        .isNotZero();
                assertThat(info(unknown, export))
                        .contains(": The server does not accept the client's certificate: ")
                        .startsWith("1");
            }
            assertThat(nbdinfo.run("nbd://localhost:" + port).exitCode()).isNotZero();
            process.terminate();
            assertThat(process.expectGoodEnd()).isEmpty();
        }
    }

    @Test
    void servesAnybodyOnASocketWhereThatIsAllowed() throws IOException {
        Path socket = folder.resolve("any");
        try (ServerProcess process = ServerProcess.start(
                folder,
                1,
                "serve",
                "--tls-dir",
                server,
                "--tls-any-client",
                "--tls-optional",
                "--socket",
                socket,
                "--name=a disk",
                "--persistent",
                "-f",
                "raw",
                disk)) {
            assertThat(process.address()).isEqualTo("nbds+unix:///a%20disk?socket=" + socket);
            Tool nbdinfo = Tool.require("nbdinfo", "libnbd-bin");
            assertThat(nbdinfo.run(process.address() + "&tls-certificates=" + bare)
                            .expectExit(0)
                            .stdout())
                    .contains("protocol: newstyle-fixed with TLS");
            assertThat(nbdinfo.run("nbd+unix:///a%20disk?socket=" + socket)
                            .expectExit(0)
                            .stdout())
                    .contains("protocol: newstyle-fixed without TLS");
            process.terminate();
            assertThat(process.expectGoodEnd()).isEmpty();
        }
    }

    @Test
    void theProgramInPlaceOfQemuNbdDoesToo() throws IOException {
        Path socket = folder.resolve("in-place");
        Path copy = folder.resolve("copy.raw");
        oracle.img("create", "-q", "-f", "raw", copy, SIZE).expectExit(0);
        String export = "driver=nbd,path=" + socket + ",tls-creds=tls0,tls-hostname=localhost";
        try (ServerProcess process = ServerProcess.qemuNbd(
                folder,
                "-t",
                "-f",
                "raw",
                "-k",
                socket,
                "--object",
                "tls-creds-x509,id=tls0,endpoint=server,dir=" + server,
                "--tls-creds=tls0",
                copy)) {
            oracle.img(
                            "convert",
                            "-n",
                            "--object",
                            credentials(client),
                            "--image-opts",
                            "--target-image-opts",
                            "driver=raw,file.filename=" + disk,
                            "driver=raw,"
                                    + Stream.of(export.split(","))
                                            .map(word -> "file." + word)
                                            .reduce((all, word) -> all + "," + word)
                                            .orElseThrow())
                    .expectExit(0);
            readsAll(export);
            assertThat(info(stranger, export)).contains("The server does not accept the client's certificate: ");
            process.terminate();
            assertThat(process.expectGoodEnd()).isEmpty();
        }
        assertThat(copy).hasSameBinaryContentAs(disk);
    }
}
