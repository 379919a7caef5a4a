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
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What {@code serve --print} prints is what virtual machine monitors take. */
@Timeout(120)
class AttachmentTest {
    @TempDir
    Path folder;

    private static String print(Object... words) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console("jimg", out, err);
        List<String> line = Stream.concat(
                        Stream.of("serve", "--print"), Stream.of(words).map(Object::toString))
                .toList();
        int exitCode = Main.run(console, Getopt.Order.PERMUTE, line);
        console.flush();
        return exitCode == 0 ? out.toString(StandardCharsets.UTF_8) : err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void libvirtTakesTheXml() throws IOException {
        Tool.require("xmllint", "libxml2-utils");
        Tool validate = Tool.require("virt-xml-validate", "libvirt-clients");
        List<String> printed = List.of(
                print("libvirt", "--socket", folder.resolve("a&b's"), "disk.qcow2"),
                print("libvirt", "--port=10810", "--host=127.0.0.1", "-r", "a.qcow2", "b.raw"),
                print("libvirt", "--tls-dir=/pki", "--name=<first>", "a.qcow2"),
                print("libvirt", "--vhost-user", "--socket=/run/s", "--num-queues=4", "--memory=2G", "a.qcow2"));
        assertThat(printed.get(3))
                .contains("<memory unit='MiB'>2048</memory>", "queues='4'", "<access mode='shared'/>");
        for (String text : printed) {
            int disk = text.indexOf("<disk");
            String memory = text.startsWith("<memory") ? text.substring(0, disk) : "<memory unit='MiB'>64</memory>\n";
            Path domain = Files.writeString(
                    folder.resolve("domain.xml"),
                    "<domain type='qemu'><name>guest</name>" + memory
                            + "<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>" + text.substring(disk)
                            + "</devices></domain>\n");
            validate.run(domain, "domain").expectExit(0);
        }
    }

    @Test
    void qemuTakesTheArguments() throws IOException, InterruptedException {
        QemuOracle oracle = QemuOracle.assumePresent();
        Path first = folder.resolve("first, disk.qcow2");
        Path second = folder.resolve("second.raw");
        oracle.img("create", "-q", "-f", "qcow2", first, "16M").expectExit(0);
        oracle.img("create", "-q", "-f", "raw", second, "1M").expectExit(0);
        Object[] words = {"--socket", folder.resolve("a, b"), first, second};
        Object[] serving = Stream.concat(Stream.of("serve"), Stream.of(words)).toArray();
        Object[] printing = Stream.concat(Stream.of("qemu"), Stream.of(words)).toArray();
        try (ServerProcess server = ServerProcess.start(folder, 2, serving)) {
            String said = guestSees(print(printing));
            assertThat(said).contains("\"jimg0\"", "\"jimg1\"", "16777216", "1048576");
            server.expectGoodEnd();
        }
    }

    @Test
    void qemuTakesTheArgumentsForTls() throws IOException, InterruptedException {
        QemuOracle oracle = QemuOracle.assumePresent();
        TestAuthority authority = new TestAuthority(folder.resolve("authority"));
        Path certificates = authority.issue(folder.resolve("server"), "server");
        Path own = authority.issue(folder.resolve("client"), "client");
        Path image = folder.resolve("disk.raw");
        oracle.img("create", "-q", "-f", "raw", image, "3M").expectExit(0);
        Object[] words = {"--socket", folder.resolve("s"), "-f", "raw", "--tls-dir", certificates, image};
        try (ServerProcess server = ServerProcess.start(
                folder, 1, Stream.concat(Stream.of("serve"), Stream.of(words)).toArray())) {
            assertThat(print(Stream.concat(Stream.of("qemu"), Stream.of(words)).toArray()))
                    .isEqualTo("jimg: --print qemu needs --tls-client-dir, the folder of QEMU's certificates: there is"
                            + " no client-cert.pem in --tls-dir\n");
            String printed = print(Stream.concat(Stream.of("qemu", "--tls-client-dir", own), Stream.of(words))
                    .toArray());
            assertThat(printed).contains("dir=" + own, "tls-creds=jimg-tls,tls-hostname=localhost");
            assertThat(guestSees(printed)).contains("\"jimg0\"", "3145728");
            server.expectGoodEnd();
        }
        assertThat(print("libvirt", "--tls-dir", certificates, "--host=192.0.2.1", "disk.qcow2"))
                .contains("tls='yes' tlsHostname='localhost'", "<host name='192.0.2.1' port='10809'/>");
    }

    @Test
    void namesAnAddressThatClientsReach() {
        for (String wildcard : List.of("0.0.0.0", "::", "")) {
            assertThat(print("qemu", "--host", wildcard, "disk.qcow2")).contains("server.host=localhost,");
            assertThat(print("libvirt", "--host", wildcard, "disk.qcow2")).contains("<host name='localhost' ");
        }
        assertThat(print("qemu", "--host=127.0.0.1", "disk.qcow2")).contains("server.host=127.0.0.1,");
        assertThat(print("libvirt", "--host=::1", "disk.qcow2")).contains("<host name='::1' ");
    }

    /** What QEMU says of its disks when it was started with these arguments. */
    private String guestSees(String arguments) throws IOException, InterruptedException {
        Tool qemu = Tool.require("qemu-system-x86_64", "qemu-system-x86");
        Path commands = Files.writeString(
                folder.resolve("qmp"),
                "{'execute':'qmp_capabilities'}{'execute':'query-named-block-nodes'}{'execute':'quit'}"
                        .replace('\'', '"'));
        Path answers = folder.resolve("answers");
        String line = String.join(
                " ",
                qemu.program().toString(),
                "-accel",
                "tcg",
                "-S",
                "-display",
                "none",
                "-nodefaults",
                "-qmp",
                "stdio",
                "-m",
                "64");
        Process guest = new ProcessBuilder("sh", "-c", "exec " + line + " " + arguments.replace('\n', ' '))
                .redirectInput(commands.toFile())
                .redirectOutput(answers.toFile())
                .redirectErrorStream(true)
                .start();
        boolean ended = guest.waitFor(60, TimeUnit.SECONDS);
        guest.destroyForcibly();
        String said = Files.readString(answers);
        assertThat(ended).as(said).isTrue();
        assertThat(guest.exitValue()).as(said).isZero();
        return said;
    }

    @Test
    void cloudHypervisorTakesVhostUserOnly() {
        assertThat(print("cloud-hypervisor", "--vhost-user", "--socket=/run/s", "--num-queues=2", "a.qcow2"))
                .isEqualTo("--memory size=1024M,shared=on --disk vhost_user=on,socket=/run/s,num_queues=2\n");
        assertThat(print("cloud-hypervisor", "a.qcow2"))
                .isEqualTo("jimg: cloud-hypervisor takes disks from no NBD server; --vhost-user serves one\n");
        assertThat(print("bhyve", "a.qcow2"))
                .isEqualTo("jimg: --print must be used with qemu, libvirt or cloud-hypervisor as argument\n");
        assertThat(print("qemu", "--port=0", "a.qcow2"))
                .isEqualTo("jimg: --print needs a --port other than 0, or a --socket\n");
    }
}
