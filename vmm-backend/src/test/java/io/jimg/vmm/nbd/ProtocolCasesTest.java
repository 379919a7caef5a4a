package io.jimg.vmm.nbd;

import static io.jimg.vmm.nbd.ProtocolCase.NEWSTYLE;
import static io.jimg.vmm.nbd.ProtocolCase.contexts;
import static io.jimg.vmm.nbd.ProtocolCase.fixed;
import static io.jimg.vmm.nbd.ProtocolCase.options;
import static io.jimg.vmm.nbd.ProtocolCase.request;
import static io.jimg.vmm.nbd.ProtocolCase.told;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.nbd.ExportInfo.Replies;
import io.jimg.nbd.NbdAddress;
import io.jimg.nbd.wire.Handshake;
import io.jimg.nbd.wire.Transmission;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The protocol's document, case by case, in its order: what a client says byte by byte, and what our server and the
 * real qemu-nbd answer. Each case's words are what the document demands or allows; where qemu-nbd answers otherwise,
 * its words stand beside.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(120)
class ProtocolCasesTest {
    private static final long SIZE = 8L << 30;
    private static final byte[] NONE = {};
    /** What qemu-nbd says of all that it refuses. */
    private static final String EINVAL = "error 22";

    @TempDir
    private static Path folder;

    private DiskImage image;
    private DiskImage readOnly;
    private NbdServer ours;
    private Process theirs;
    private NbdAddress theirAddress;

    /** Two equal images of 8 GiB with 64 KiB of data, 64 KiB of zeroes, and a bitmap that knows of the data. */
    @BeforeAll
    void serve() throws Exception {
        QemuOracle oracle = QemuOracle.assumeVersion(10);
        for (String name : List.of("ours.qcow2", "theirs.qcow2", "fixed.qcow2")) {
            Path file = folder.resolve(name);
            oracle.img("create", "-q", "-f", "qcow2", file, "8G").expectExit(0);
            oracle.img("bitmap", "--add", file, "b").expectExit(0);
            oracle.ioCommands("qcow2", file, "write -P 1 0 64k", "write -z 64k 64k");
            oracle.img("bitmap", "--disable", file, "b").expectExit(0);
        }
        image = Images.standard().open(folder.resolve("ours.qcow2"), OpenOptions.DEFAULT.withWritable(true));
        readOnly = Images.standard().open(folder.resolve("fixed.qcow2"));
        ours = NbdServer.start(
                new NbdAddress.Unix(folder.resolve("ours.sock").toString()),
                List.of(
                        NbdExport.of("disk", image)
                                .withDescription("a disk")
                                .withAllocationDepth(true)
                                .withBitmap(image, "b"),
                        NbdExport.of("fixed", readOnly)),
                NbdServerLimits.DEFAULT);
        Path socket = folder.resolve("theirs.sock");
        // qemu-storage-daemon has several exports, as we have.
        theirs = new ProcessBuilder(
                        oracle.folder().resolve("qemu-storage-daemon").toString(),
                        "--blockdev",
                        "qcow2,node-name=disk,file.driver=file,file.filename=" + folder.resolve("theirs.qcow2"),
                        "--blockdev",
                        "qcow2,node-name=fixed,read-only=on,file.driver=file,file.filename="
                                + folder.resolve("fixed.qcow2"),
                        "--nbd-server",
                        "addr.type=unix,addr.path=" + socket,
                        "--export",
                        "nbd,id=d,node-name=disk,name=disk,writable=on,description=a disk,allocation-depth=on,bitmaps.0=b",
                        "--export",
                        "nbd,id=f,node-name=fixed,name=fixed",
                        "--pidfile",
                        folder.resolve("pid").toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        while (!Files.exists(folder.resolve("pid"))) {
            assertThat(theirs.isAlive())
                    .as("%s", (Object) Files.readString(folder.resolve("log")))
                    .isTrue();
            Thread.sleep(5);
        }
        theirAddress = new NbdAddress.Unix(socket.toString());
    }

    @AfterAll
    void stop() throws Exception {
        if (theirs != null) {
            theirs.destroy();
            assertThat(theirs.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
        if (ours != null) {
            ours.close();
        }
        if (readOnly != null) {
            readOnly.close();
        }
        if (image != null) {
            image.close();
        }
    }

    @TestFactory
    Stream<DynamicTest> handshake() {
        return tests(
                new ProtocolCase("client flags that nobody knows", "hangs up", server -> {
                    try (RawClient client = new RawClient(server).flags(4)) {
                        return AnswerText.end(client);
                    }
                }),
                new ProtocolCase("EXPORT_NAME, with the padding of old", "size, flags, 124 zeroes", server -> {
                    try (RawClient client = new RawClient(server).flags(Handshake.FIXED_NEWSTYLE)) {
                        client.option(Handshake.OPT_EXPORT_NAME, bytes("disk"));
                        assertThat(client.in.readLong()).isEqualTo(SIZE);
                        int flags = client.in.readShort();
                        byte[] padding = client.in.readNBytes(124);
                        assertThat(padding).containsOnly(0);
                        client.request(0, Transmission.CMD_FLUSH, 0, 0);
                        assertThat(client.answer(0)).hasSize(1);
                        return (flags & Transmission.HAS_FLAGS) != 0 ? "size, flags, 124 zeroes" : "no flags";
                    }
                }),
                new ProtocolCase("EXPORT_NAME without padding", "0 simple 0", server -> {
                    try (RawClient client = new RawClient(server).flags(NEWSTYLE)) {
                        client.option(Handshake.OPT_EXPORT_NAME, bytes("disk"));
                        assertThat(client.in.readLong()).isEqualTo(SIZE);
                        client.in.readShort();
                        client.request(0, Transmission.CMD_READ, 0, 1);
                        return "0 " + AnswerText.print(client.answer(1)).replace("simple 0 1", "simple 0");
                    }
                }),
                new ProtocolCase("EXPORT_NAME of no export", "hangs up", server -> {
                    try (RawClient client = new RawClient(server).flags(NEWSTYLE)) {
                        client.option(Handshake.OPT_EXPORT_NAME, bytes("other"));
                        return AnswerText.end(client);
                    }
                }),
                options("ABORT", "ack; hangs up", Handshake.OPT_ABORT, NONE),
                options("LIST", "server disk: a disk, server fixed, ack", Handshake.OPT_LIST, NONE),
                options("LIST with data", "invalid", Handshake.OPT_LIST, new byte[1]),
                options("PEEK_EXPORT, withdrawn", "unsupported", 4, NONE),
                options("an option of the future", "unsupported", 12345, new byte[100]),
                options("STARTTLS where there is none", "policy", Handshake.OPT_STARTTLS, NONE),
                options("INFO of no export", "unknown", Handshake.OPT_INFO, RawClient.info("other")),
                options(
                        "INFO with all that there is, and what there is not",
                        "info name, info description, info size 1 4096 33554432, info export 12, ack",
                        Handshake.OPT_INFO,
                        RawClient.info("disk", 3, 1, 2, 0, 77)),
                options("INFO that ends too soon", "invalid", Handshake.OPT_INFO, new byte[3]),
                options(
                        "INFO with more than it says",
                        "invalid",
                        Handshake.OPT_INFO,
                        Arrays.copyOf(RawClient.info("disk"), 13)),
                options("INFO with a name that is longer than it", "invalid", Handshake.OPT_INFO, new byte[] {
                    -1, -1, -1, -1, 0, 0
                }),
                options("GO of no export, after which one may go on", "unknown", Handshake.OPT_GO, RawClient.info("x")),
                options("STRUCTURED_REPLY", "ack", Handshake.OPT_STRUCTURED_REPLY, NONE),
                options("STRUCTURED_REPLY with data", "invalid", Handshake.OPT_STRUCTURED_REPLY, new byte[4]),
                options("EXTENDED_HEADERS", "ack", Handshake.OPT_EXTENDED_HEADERS, NONE),
                options("EXTENDED_HEADERS with data", "invalid", Handshake.OPT_EXTENDED_HEADERS, new byte[4]),
                new ProtocolCase("STRUCTURED_REPLY after EXTENDED_HEADERS", "extended-headers", server -> {
                    try (RawClient client = new RawClient(server).flags(NEWSTYLE)) {
                        client.ask(Handshake.OPT_EXTENDED_HEADERS, NONE);
                        return AnswerText.print(client.ask(Handshake.OPT_STRUCTURED_REPLY, NONE), client);
                    }
                }),
                new ProtocolCase("INFO, then GO: the same information", "same", server -> {
                    try (RawClient client = new RawClient(server).flags(NEWSTYLE)) {
                        client.ask(Handshake.OPT_STRUCTURED_REPLY, NONE);
                        List<RawClient.Reply> info = client.ask(Handshake.OPT_INFO, RawClient.info("disk", 3));
                        List<RawClient.Reply> go = client.ask(Handshake.OPT_GO, RawClient.info("disk", 3));
                        assertThat(go).hasSameSizeAs(info);
                        for (int i = 0; i < go.size(); i++) {
                            assertThat(go.get(i).data()).isEqualTo(info.get(i).data());
                        }
                        return "same";
                    }
                }));
    }

    @TestFactory
    Stream<DynamicTest> metadataContexts() {
        int list = Handshake.OPT_LIST_META_CONTEXT;
        int set = Handshake.OPT_SET_META_CONTEXT;
        String all = "context base:allocation, context qemu:allocation-depth, context qemu:dirty-bitmap:b, ack";
        return tests(
                contexts("LIST_META_CONTEXT of all", all, list),
                contexts("base: lists what is of it", "context base:allocation, ack", list, "base:"),
                contexts(
                        "qemu: lists what is of it",
                        "context qemu:allocation-depth, context qemu:dirty-bitmap:b, ack",
                        list,
                        "qemu:"),
                contexts("all bitmaps", "context qemu:dirty-bitmap:b, ack", list, "qemu:dirty-bitmap:"),
                contexts(
                        "some by name",
                        "context base:allocation, context qemu:dirty-bitmap:b, ack",
                        list,
                        "qemu:dirty-bitmap:b",
                        "base:allocation",
                        "qemu:dirty-bitmap:other"),
                contexts("what is of no known kind is left out", "ack", list, "x-other:thing", "other:"),
                contexts("SET_META_CONTEXT of nothing", "ack", set),
                contexts("SET_META_CONTEXT ignores wildcards", "ack", set, "base:", "qemu:dirty-bitmap:"),
                contexts("SET_META_CONTEXT of one", "context base:allocation, ack", set, "base:allocation"),
                contexts(
                        "SET_META_CONTEXT of all",
                        all,
                        set,
                        "base:allocation",
                        "qemu:allocation-depth",
                        "qemu:dirty-bitmap:b",
                        "x-other:thing"),
                options("SET_META_CONTEXT before structured replies", "invalid", set, RawClient.queries("disk")),
                new ProtocolCase("contexts of no export", "unknown unknown", server -> {
                    try (RawClient client = new RawClient(server).flags(NEWSTYLE)) {
                        client.ask(Handshake.OPT_STRUCTURED_REPLY, NONE);
                        return AnswerText.print(client.ask(list, RawClient.queries("x")), client) + " "
                                + AnswerText.print(client.ask(set, RawClient.queries("x")), client);
                    }
                }),
                new ProtocolCase("queries that end too soon", "invalid invalid", server -> {
                    try (RawClient client = new RawClient(server).flags(NEWSTYLE)) {
                        client.ask(Handshake.OPT_STRUCTURED_REPLY, NONE);
                        byte[] cut = ByteBuffer.wrap(RawClient.queries("disk", "base:allocation"))
                                .putInt(12, 100)
                                .array();
                        return AnswerText.print(client.ask(list, cut), client) + " "
                                + AnswerText.print(client.ask(set, cut), client);
                    }
                }),
                new ProtocolCase("numbers of contexts differ", "3", server -> {
                    try (RawClient client = new RawClient(server).flags(NEWSTYLE)) {
                        client.ask(Handshake.OPT_STRUCTURED_REPLY, NONE);
                        List<RawClient.Reply> chosen = client.ask(
                                set,
                                RawClient.queries(
                                        "disk", "base:allocation", "qemu:allocation-depth", "qemu:dirty-bitmap:b"));
                        return ""
                                + chosen.stream()
                                        .filter(reply -> reply.type() == Handshake.REP_META_CONTEXT)
                                        .map(reply ->
                                                ByteBuffer.wrap(reply.data()).getInt())
                                        .distinct()
                                        .count();
                    }
                }),
                new ProtocolCase("a second choice replaces the first, even if it fails", "error 22", server -> {
                    try (RawClient client = new RawClient(server).flags(NEWSTYLE)) {
                        client.ask(Handshake.OPT_STRUCTURED_REPLY, NONE);
                        client.ask(set, RawClient.queries("disk", "base:allocation"));
                        client.ask(set, new byte[2]);
                        return status(client, "disk");
                    }
                }),
                new ProtocolCase("contexts that were chosen for another export", "error 22", server -> {
                    try (RawClient client = new RawClient(server).flags(NEWSTYLE)) {
                        client.ask(Handshake.OPT_STRUCTURED_REPLY, NONE);
                        client.ask(set, RawClient.queries("fixed", "base:allocation"));
                        return status(client, "disk");
                    }
                }));
    }

    private static String status(RawClient client, String export) throws IOException {
        client.ask(Handshake.OPT_GO, RawClient.info(export));
        client.replies = Replies.STRUCTURED;
        client.request(0, Transmission.CMD_BLOCK_STATUS, 0, 512);
        return AnswerText.print(client.answer(0));
    }

    @TestFactory
    Stream<DynamicTest> transmissionInAllForms() {
        List<DynamicTest> all = new ArrayList<>();
        for (Replies form : Replies.values()) {
            boolean simple = form == Replies.SIMPLE;
            String ok = "done";
            String invalid = simple ? "simple 22" : "error 22";
            String full = simple ? "simple 28" : "error 28";
            String denied = simple ? "simple 1" : "error 1";
            tests(
                            request(form, "READ", simple ? "simple 0 11" : "data 0 11", 0, Transmission.CMD_READ, 0, 2),
                            request(form, "READ of nothing", ok, 0, Transmission.CMD_READ, 0, 0),
                            request(form, "READ past the end", invalid, 0, Transmission.CMD_READ, SIZE - 1, 2),
                            request(form, "READ at 2^63", invalid, 0, Transmission.CMD_READ, 1L << 63, 2),
                            request(form, "READ with FUA", simple ? "simple 0 1" : "data 0 1", 1, 0, 0, 1),
                            request(form, "READ with a flag of nobody", invalid, 1 << 9, Transmission.CMD_READ, 0, 2),
                            request(form, "WRITE past the end", full, 0, Transmission.CMD_WRITE, SIZE - 1, 2, 1, 2),
                            request(form, "WRITE with FUA", ok, 1, Transmission.CMD_WRITE, 300_000_000, 2, 1, 2),
                            request(form, "WRITE of nothing", ok, 0, Transmission.CMD_WRITE, 0, 0),
                            request(form, "WRITE with DF", invalid, 4, Transmission.CMD_WRITE, 0, 1, 1),
                            request(form, "FLUSH", ok, 0, Transmission.CMD_FLUSH, 0, 0),
                            request(form, "FLUSH with FUA", ok, 1, Transmission.CMD_FLUSH, 0, 0),
                            request(form, "TRIM", ok, 0, Transmission.CMD_TRIM, 1 << 20, 1 << 20),
                            request(form, "TRIM with FUA", ok, 1, Transmission.CMD_TRIM, 1 << 20, 1 << 20),
                            request(form, "TRIM of half a sector", ok, 0, Transmission.CMD_TRIM, 1 << 20, 100),
                            request(form, "TRIM past the end", invalid, 0, Transmission.CMD_TRIM, SIZE, 512),
                            request(form, "CACHE", ok, 0, Transmission.CMD_CACHE, 0, 1 << 20),
                            request(form, "CACHE past the end", invalid, 0, Transmission.CMD_CACHE, SIZE - 1, 2),
                            request(form, "CACHE with a flag of nobody", invalid, 1 << 9, Transmission.CMD_CACHE, 0, 1),
                            request(form, "WRITE_ZEROES", ok, 0, Transmission.CMD_WRITE_ZEROES, 2 << 20, 100_000),
                            request(form, "and with FUA", ok, 1, Transmission.CMD_WRITE_ZEROES, 2 << 20, 100_000),
                            request(form, "and NO_HOLE", ok, 2, Transmission.CMD_WRITE_ZEROES, 2 << 20, 100_000),
                            request(
                                    form,
                                    "FAST_ZERO of clusters",
                                    ok,
                                    16,
                                    Transmission.CMD_WRITE_ZEROES,
                                    4 << 20,
                                    65536),
                            request(form, "WRITE_ZEROES past the end", full, 0, Transmission.CMD_WRITE_ZEROES, SIZE, 1),
                            request(form, "WRITE_ZEROES with DF", invalid, 4, Transmission.CMD_WRITE_ZEROES, 0, 1),
                            request(form, "BLOCK_STATUS of no context", invalid, 0, 7, 0, 512),
                            request(form, "RESIZE", invalid, 0, 8, 0, 512),
                            request(form, "a command of nobody", invalid, 0, 99, 0, 512),
                            fixed(form, "WRITE", denied, 0, Transmission.CMD_WRITE, 0, 1, 1),
                            fixed(form, "WRITE_ZEROES", denied, 0, Transmission.CMD_WRITE_ZEROES, 0, 1),
                            fixed(form, "TRIM", denied, 0, Transmission.CMD_TRIM, 0, 1),
                            fixed(form, "FLUSH", ok, 0, Transmission.CMD_FLUSH, 0, 0),
                            new ProtocolCase(form + ": DISC", "hangs up", server -> {
                                try (RawClient client = new RawClient(server).begin("disk", form)) {
                                    client.request(0, Transmission.CMD_DISC, 0, 0);
                                    return AnswerText.end(client);
                                }
                            }),
                            new ProtocolCase(
                                    form + ": a payload beyond all bounds",
                                    server -> {
                                        try (RawClient client = new RawClient(server).begin("disk", form)) {
                                            client.request(0, Transmission.CMD_WRITE, 0, 0xffff_0000L);
                                            return AnswerText.end(client);
                                        }
                                    },
                                    "hangs up",
                                    "goes on"),
                            new ProtocolCase(
                                    form + ": no magic",
                                    server -> {
                                        try (RawClient client = new RawClient(server).begin("disk", form)) {
                                            client.out.write(new byte[Transmission.EXTENDED_HEADER]);
                                            return AnswerText.end(client);
                                        }
                                    },
                                    "hangs up",
                                    "goes on"))
                    .forEach(all::add);
        }
        return all.stream();
    }

    @TestFactory
    Stream<DynamicTest> structuredReplies() {
        String[] every = {"base:allocation", "qemu:allocation-depth", "qemu:dirty-bitmap:b"};
        String sparse = "data 0+65536, hole 65536+65536";
        int read = Transmission.CMD_READ;
        int status = Transmission.CMD_BLOCK_STATUS;
        Replies old = Replies.STRUCTURED;
        Replies wide = Replies.EXTENDED;
        return tests(
                told(old, "a sparse READ", sparse, 0, read, 0, 128 << 10),
                told(wide, "a sparse READ, extended", sparse, 0, read, 0, 128 << 10),
                told(old, "READ with DF", "data 0+131072", 4, read, 0, 128 << 10),
                told(wide, "READ with DF, extended", "data 0+131072", 4, read, 0, 128 << 10),
                told(
                        old,
                        "BLOCK_STATUS",
                        "status 65536=0 65536=3; status 131072=1; status 131072=1",
                        0,
                        status,
                        0,
                        128 << 10,
                        every),
                told(old, "one context of several", "status 131072=1", 8, status, 0, 128 << 10, every[2]),
                told(
                        old,
                        "REQ_ONE",
                        "status 65536=0; status 131072=1; status 131072=1",
                        8,
                        status,
                        0,
                        128 << 10,
                        every),
                told(old, "BLOCK_STATUS of nothing", "error 22", 0, status, 0, 0, every[0]),
                told(old, "BLOCK_STATUS past the end", "error 22", 0, status, SIZE - 1, 2, every[0]),
                told(old, "what is longer than 32 bits", "status 3221225472=3", 8, status, 1 << 30, 3L << 30, every[0]),
                told(
                        wide,
                        "lengths of 64 bits",
                        "extents " + (SIZE - (1L << 30)) + "=3",
                        8,
                        status,
                        1 << 30,
                        SIZE - (1L << 30),
                        every[0]),
                told(wide, "WRITE_ZEROES of 64 bits", "none", 0, 6, 1L << 30, SIZE - (1L << 30)),
                told(wide, "TRIM of 64 bits", "none", 0, 4, 1L << 30, SIZE - (1L << 30)),
                told(wide, "WRITE_ZEROES near 2^63", "error 28", EINVAL, 0, 6, 1L << 30, Long.MAX_VALUE),
                told(wide, "BLOCK_STATUS near 2^63", "error 22", 0, status, 1L << 30, Long.MAX_VALUE, every[0]),
                told(wide, "BLOCK_STATUS of 2^64-1", "error 22", 0, status, 1L << 30, -1, every[0]));
    }

    private Stream<DynamicTest> tests(ProtocolCase... cases) {
        return Stream.of(cases)
                .flatMap(each -> Stream.of(
                        dynamicTest(
                                each.name(),
                                () -> assertThat(each.script().run(ours.address()))
                                        .isEqualTo(each.expected())),
                        dynamicTest(
                                each.name() + " (qemu)",
                                () -> assertThat(each.script().run(theirAddress))
                                        .isEqualTo(each.fromThem()))));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
