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
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The command line with {@code --object tls-creds-x509} beside the real qemu-img, both with a real qemu-nbd that
 * demands TLS.
 */
class NbdTlsTest {
    @TempDir
    private static Path folder;

    private static QemuOracle oracle;
    private static Path disk;
    private static Process server;

    @BeforeAll
    static void serve() throws Exception {
        oracle = QemuOracle.assumeVersion(10);
        TestAuthority authority = new TestAuthority(folder.resolve("authority"));
        authority.issue(folder.resolve("server"), "server");
        authority.issue(folder.resolve("client"), "client");
        authority.issue(folder.resolve("old"), "client", -1, "-algorithm", "ED25519");
        new TestAuthority(folder.resolve("other")).issue(folder.resolve("stranger"), "client");
        byte[] content = new byte[1 << 20];
        new Random(3).nextBytes(content);
        disk = Files.write(folder.resolve("disk.raw"), content);
        server = new ProcessBuilder(
                        oracle.folder().resolve("qemu-nbd").toString(),
                        "-t",
                        "-f",
                        "raw",
                        "-k",
                        folder.resolve("socket").toString(),
                        "--pid-file=" + folder.resolve("pid"),
                        "--object",
                        "tls-creds-x509,id=tls0,endpoint=server,dir=" + folder.resolve("server"),
                        "--tls-creds=tls0",
                        disk.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        while (!Files.exists(folder.resolve("pid"))) {
            assertThat(server.isAlive()).isTrue();
            Thread.sleep(5);
        }
    }

    @AfterAll
    static void stop() throws InterruptedException {
        if (server != null) {
            server.destroy();
            assertThat(server.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    private static String credentials(String whose) {
        return "tls-creds-x509,id=tls0,endpoint=client,dir=" + folder.resolve(whose);
    }

    private static String export(String host) {
        return "driver=nbd,path=" + folder.resolve("socket") + ",tls-creds=tls0"
                + (host == null ? "" : ",tls-hostname=" + host);
    }

    /** Exit code, output and complaints of ours. */
    private static String ours(Object... words) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console("qemu-img", out, err);
        int exitCode = Main.run(
                console,
                Getopt.Order.PERMUTE,
                List.of(words).stream().map(Object::toString).toList());
        console.flush();
        return exitCode + "\n" + out.toString(StandardCharsets.UTF_8) + err.toString(StandardCharsets.UTF_8);
    }

    private static String theirs(Object... words) {
        Tool.Result result = oracle.img(words);
        return result.exitCode() + "\n" + result.stdout() + result.stderr();
    }

    @ParameterizedTest
    @CsvSource({
        "client,localhost",
        "client,example.com",
        "client,",
        "stranger,localhost",
        "old,localhost",
        "none,localhost",
        "server,localhost"
    })
    void saysWhatQemuImgSays(String whose, String host) {
        Object[] words = {"info", "--object", credentials(whose), "--image-opts", export(host)};
        if (whose.equals("server")) {
            words[2] = credentials(whose).replace("endpoint=client", "endpoint=server");
        }
        assertThat(ours(words)).isEqualTo(theirs(words));
    }

    @Test
    void copiesToAndFromTheServer() throws IOException {
        byte[] content = new byte[1 << 20];
        new Random(4).nextBytes(content);
        Path source = Files.write(folder.resolve("source.raw"), content);
        String to = "driver=raw,file." + export("localhost").replace(",", ",file.");
        assertThat(ours(
                        "convert",
                        "-n",
                        "--object",
                        credentials("client"),
                        "--target-image-opts",
                        "--image-opts",
                        "driver=raw,file.filename=" + source,
                        to))
                .isEqualTo("0\n");
        assertThat(disk).hasSameBinaryContentAs(source);
        Path back = folder.resolve("back.raw");
        assertThat(ours("convert", "--object", credentials("client"), "--image-opts", "-O", "raw", to, back))
                .isEqualTo("0\n");
        assertThat(back).hasSameBinaryContentAs(source);
    }
}
