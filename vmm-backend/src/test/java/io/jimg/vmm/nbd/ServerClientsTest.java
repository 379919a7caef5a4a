package io.jimg.vmm.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.Options;
import io.jimg.capability.Snapshots;
import io.jimg.nbd.ExportInfo.Replies;
import io.jimg.nbd.NbdAddress;
import io.jimg.nbd.NbdClient;
import io.jimg.spi.OpenGate;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Tool;
import io.jimg.testkit.Tool.Result;
import io.jimg.vmm.DiskBackends;
import io.jimg.vmm.RunningExport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Our server with the clients that others wrote: qemu-img, qemu-io, and libnbd's nbdinfo and nbdcopy. */
class ServerClientsTest {
    private static final int SIZE = 8 << 20;

    @TempDir
    private Path folder;

    private QemuOracle oracle;
    private Path overlay;

    /** A chain with data, zeroes and holes in both layers, and a bitmap. */
    @BeforeEach
    void makeChain() {
        oracle = QemuOracle.assumeVersion(10);
        Path base = folder.resolve("base.qcow2");
        overlay = folder.resolve("overlay.qcow2");
        oracle.img("create", "-q", "-f", "qcow2", base, "8M").expectExit(0);
        oracle.ioCommands("qcow2", base, "write -P 1 0 2M", "write -z 3M 1M");
        oracle.img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base, overlay)
                .expectExit(0);
        oracle.img("bitmap", "--add", overlay, "b").expectExit(0);
        oracle.ioCommands("qcow2", overlay, "write -P 2 1M 2M", "write -P 3 7M 128k");
        oracle.img("bitmap", "--disable", overlay, "b").expectExit(0);
    }

    private static DiskImage open(Path image, boolean writable) throws IOException {
        return Images.standard()
                .open(image, OpenOptions.DEFAULT.withGate(OpenGate.ALLOW).withWritable(writable));
    }

    private NbdServer serve(NbdExport... exports) throws IOException {
        return NbdServer.start(
                new NbdAddress.Unix(folder.resolve("ours.sock").toString()), List.of(exports), NbdServerLimits.DEFAULT);
    }

    /** Runs one of libnbd's tools to its end. */
    private static String libnbd(String tool, Object... arguments) {
        return Tool.require(tool, "libnbd-bin").run(arguments).expectExit(0).stdout();
    }

    @Test
    void saysOfAllContextsWhatQemuNbdSays() throws Exception {
        Process theirs = new ProcessBuilder(
                        oracle.folder().resolve("qemu-nbd").toString(),
                        "-t",
                        "-r",
                        "-f",
                        "qcow2",
                        "-A",
                        "-B",
                        "b",
                        "-k",
                        folder.resolve("theirs.sock").toString(),
                        "--pid-file=" + folder.resolve("pid"),
                        overlay.toString())
                .start();
        try (DiskImage image = open(overlay, false);
                NbdServer server =
                        serve(NbdExport.of("", image).withAllocationDepth(true).withBitmap(image, "b"))) {
            while (!Files.exists(folder.resolve("pid"))) {
                assertThat(theirs.isAlive()).isTrue();
                Thread.sleep(5);
            }
            String url = server.address().url("");
            String other = new NbdAddress.Unix(folder.resolve("theirs.sock").toString()).url("");
            for (String context : List.of("base:allocation", "qemu:allocation-depth", "qemu:dirty-bitmap:b")) {
                assertThat(libnbd("nbdinfo", "--map=" + context, url))
                        .as(context)
                        .isEqualTo(libnbd("nbdinfo", "--map=" + context, other))
                        .isNotEmpty();
            }
            String told = libnbd("nbdinfo", url);
            assertThat(told)
                    .contains("export-size: 8388608", "is_read_only: true", "can_multi_conn: true", "can_df: true")
                    .contains("base:allocation", "qemu:allocation-depth", "qemu:dirty-bitmap:b");
        } finally {
            theirs.destroy();
            theirs.waitFor();
        }
    }

    @Test
    void listsItsExports() throws Exception {
        try (DiskImage image = open(overlay, false);
                NbdServer server =
                        serve(NbdExport.of("one", image).withDescription("the first"), NbdExport.of("two", image))) {
            assertThat(libnbd("nbdinfo", "--list", server.address().url("")))
                    .contains("export=\"one\"", "description: the first", "export=\"two\"");
            Result missing = oracle.img("info", server.address().url("three")).expectExit(1);
            assertThat(missing.stderr())
                    .endsWith("Requested export not available\nserver reported: export 'three' not present\n");
            Result list = oracle.run(null, "qemu-nbd", "--list", "-k", folder.resolve("ours.sock"))
                    .expectExit(0);
            assertThat(list.stdout()).contains("exports available: 2", "export: 'one'", "multi");
        }
    }

    @Test
    void isReadAndWrittenByQemu() throws Exception {
        try (DiskImage image = open(overlay, true);
                NbdServer server = serve(NbdExport.of("", image))) {
            String url = server.address().url("");
            Result io = oracle.io(
                    "-f",
                    "raw",
                    "-c",
                    "read -P 1 0 1M",
                    "-c",
                    "read -P 2 1M 2M",
                    "-c",
                    "read -P 0 3M 4M",
                    "-c",
                    "write -P 9 5M 3M",
                    "-c",
                    "write -f -P 8 100 3",
                    "-c",
                    "write -z -u 6M 1M",
                    "-c",
                    "write -z 6M 4k",
                    "-c",
                    "discard 1M 64k",
                    "-c",
                    "flush",
                    "-c",
                    "read -P 9 7M 1M",
                    "-c",
                    "read -P 0 6M 1M",
                    "-c",
                    "read -P 8 100 3",
                    url);
            assertThat(io.stdout() + io.stderr()).doesNotContainIgnoringCase("failed");
            io.expectExit(0);
            assertThat(server.statistics("").writes()).isPositive();
            assertThat(server.statistics("").failures()).isZero();
            Path copy = folder.resolve("copy.raw");
            oracle.img("convert", "-f", "raw", "-O", "raw", url, copy).expectExit(0);
            byte[] expected = Files.readAllBytes(copy);
            ByteBuffer whole = ByteBuffer.allocate(SIZE);
            image.read(whole, 0);
            assertThat(whole.array()).isEqualTo(expected);
        }
        oracle.checkClean("qcow2", overlay);
    }

    /** All that libnbd can ask of a server, in its shell's language, over two connections. */
    @Test
    void isUsedByLibnbdsShell() throws Exception {
        Tool python = new Tool(Path.of("/usr/bin/python3"));
        if (!Files.exists(python.program()) || python.run("-c", "import nbd").exitCode() != 0) {
            Tool.missing("libnbd's shell is missing (Debian's package is python3-libnbd)");
        }
        Path script = folder.resolve("script.py");
        Files.writeString(script, """
                import nbd, sys
                def connect():
                    h = nbd.NBD()
                    h.add_meta_context("base:allocation")
                    h.connect_uri(sys.argv[1])
                    return h
                a, b = connect(), connect()
                assert a.can_multi_conn() and a.can_fua() and a.can_df() and a.can_fast_zero() and a.can_cache()
                assert a.get_block_size(nbd.SIZE_MINIMUM) == 1 and a.get_size() == 8 << 20
                a.pwrite(b"x" * 65536, 4 << 20, nbd.CMD_FLAG_FUA)
                assert b.pread(65536, 4 << 20) == b"x" * 65536
                a.zero(65536, 4 << 20, nbd.CMD_FLAG_NO_HOLE)
                b.flush()
                assert a.pread(65536, 4 << 20) == bytes(65536)
                b.trim(1 << 20, 1 << 20, nbd.CMD_FLAG_FUA)
                assert a.pread(1 << 20, 1 << 20) == bytes(1 << 20)
                a.cache(1 << 20, 0)
                found = []
                a.block_status(3 << 20, 0, lambda context, offset, entries, error: found.extend(entries))
                assert found[0:2] == [1 << 20, 0] and sum(found[0::2]) == 3 << 20, found
                chunks = []
                def chunk(buf, offset, status, error):
                    chunks.append((offset, len(buf), status))
                a.pread_structured(2 << 20, 0, chunk)
                assert (1 << 20, 1 << 20, nbd.READ_HOLE) in chunks, chunks
                buffers = [nbd.Buffer(4096) for i in range(64)]
                cookies = [a.aio_pread(buffers[i], i * 4096) for i in range(64)]
                while a.aio_in_flight():
                    a.poll(-1)
                assert all(a.aio_command_completed(c) for c in cookies)
                assert all(buf.to_bytearray() == b"\\1" * 4096 for buf in buffers)
                for offset, length in ((8 << 20, 1), ((8 << 20) - 1, 2)):
                    a.set_strict_mode(0)
                    try:
                        a.pread(length, offset)
                        assert False
                    except nbd.Error as refused:
                        assert refused.errno == "EINVAL", refused.errno
                a.shutdown()
                b.shutdown()
                """);
        try (DiskImage image = open(overlay, true);
                NbdServer server = serve(NbdExport.of("", image))) {
            python.run(script, server.address().url("")).expectExit(0);
        }
        oracle.checkClean("qcow2", overlay);
    }

    @Test
    void isCopiedByNbdcopyOverSeveralConnections() throws Exception {
        byte[] content = new byte[SIZE];
        new Random(5).nextBytes(content);
        Arrays.fill(content, 1 << 20, 4 << 20, (byte) 0);
        Path source = Files.write(folder.resolve("source.raw"), content);
        Path back = folder.resolve("back.raw");
        try (DiskImage image = open(overlay, true);
                NbdServer server = serve(NbdExport.of("", image))) {
            String url = server.address().url("");
            libnbd("nbdcopy", "--flush", "--connections=4", source, url);
            libnbd("nbdcopy", "--connections=4", url, back);
            assertThat(server.statistics("").connections()).isZero();
        }
        assertThat(Files.readAllBytes(back)).isEqualTo(content);
        oracle.checkClean("qcow2", overlay);
        oracle.compareEqual("raw", source, "qcow2", overlay);
    }

    @Test
    void showsASnapshotBesideTheDisk() throws Exception {
        oracle.img("snapshot", "-c", "before", overlay).expectExit(0);
        oracle.ioCommands("qcow2", overlay, "write -P 7 0 8M");
        try (DiskImage image = open(overlay, true);
                DiskImage snapshot =
                        image.capability(Snapshots.class).orElseThrow().open("before");
                NbdServer server = serve(NbdExport.of("now", image), NbdExport.of("before", snapshot))) {
            Result now = oracle.io(
                    "-f", "raw", "-c", "read -P 7 0 8M", server.address().url("now"));
            Result before = oracle.io(
                    "-r",
                    "-f",
                    "raw",
                    "-c",
                    "read -P 1 0 1M",
                    "-c",
                    "read -P 2 1M 2M",
                    server.address().url("before"));
            assertThat(now.stdout() + before.stdout()).doesNotContainIgnoringCase("failed");
            now.expectExit(0);
            before.expectExit(0);
            oracle.io("-f", "raw", "-c", "write 0 1", server.address().url("before"))
                    .expectExit(1);
        }
    }

    @Test
    void refusesBitmapsThatItCannotTell() throws Exception {
        oracle.img("bitmap", "--enable", overlay, "b").expectExit(0);
        try (DiskImage image = open(overlay, false)) {
            NbdExport export = NbdExport.of("", image);
            assertThatThrownBy(() -> export.withBitmap(image, "none"))
                    .isInstanceOfSatisfying(
                            ImageException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND))
                    .hasMessage("Bitmap 'none' is not found");
            assertThat(export.withBitmap(image, "b").bitmaps()).hasSize(1);
        }
        try (DiskImage image = open(overlay, true)) {
            NbdExport export = NbdExport.of("", image).withReadOnly(true);
            assertThatThrownBy(() -> export.withBitmap(image, "b"))
                    .hasMessage("Enabled bitmap 'b' incompatible with readonly export");
        }
    }

    @Test
    void isFoundThroughTheHook() throws Exception {
        var nbd = DiskBackends.named("nbd");
        try (DiskImage image = open(overlay, false)) {
            Options options = Options.of(NbdBackend.PORT, 0L).with(NbdBackend.EXPORT, "x");
            try (RunningExport export = nbd.start(image, options)) {
                assertThat(export.address()).startsWith("nbd://127.0.0.1:").endsWith("/x");
                oracle.img("compare", "-f", "qcow2", "-F", "raw", overlay, export.address())
                        .expectExit(0);
                assertThat(export.statistics().reads()).isPositive();
            }
        }
        assertThatThrownBy(() -> DiskBackends.named("none")).hasMessage("Unknown disk backend 'none'");
    }

    @Test
    void finishesWhatIsInFlightWhenItIsClosed() throws Exception {
        try (DiskImage image = open(overlay, true)) {
            NbdServer server = serve(NbdExport.of("", image));
            try (NbdClient client = NbdClient.connect(server.address(), "", List.of())) {
                assertThat(client.info().replies()).isEqualTo(Replies.EXTENDED);
                client.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 10, false);
                server.close();
                server.close();
                assertThatThrownBy(client::flush).isInstanceOf(IOException.class);
            }
            assertThat(folder.resolve("ours.sock")).doesNotExist();
            ByteBuffer read = ByteBuffer.allocate(3);
            image.read(read, 10);
            assertThat(read.array()).containsExactly(1, 2, 3);
        }
    }
}
