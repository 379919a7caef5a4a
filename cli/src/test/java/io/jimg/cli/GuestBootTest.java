package io.jimg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Tool;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A guest boots from what {@code jimg serve} offers: it checks its files, writes others, trims and syncs, and switches
 * off; then the image and the file system in it are whole, and hold what the guest has seen last.
 */
class GuestBootTest {
    private static final String PASSPHRASE = "a guest's secret";

    @TempDir
    private static Path shared;

    private static QemuOracle oracle;
    private static Guest guest;
    private static Path disk;
    private static Path key;

    /** What the guest's overlay stands on. */
    private enum Base {
        COMPRESSED,
        LUKS,
        VMDK
    }

    /** A file system with files, their digests, and files that the guest removes. */
    @BeforeAll
    static void makeDisk() throws Exception {
        oracle = QemuOracle.assumeVersion(10);
        guest = Guest.in(shared);
        key = Files.writeString(shared.resolve("key"), PASSPHRASE);
        Path tree = shared.resolve("tree");
        Files.createDirectories(tree.resolve("files"));
        Files.createDirectories(tree.resolve("old"));
        Random random = new Random(4711);
        for (int file = 1; file <= 30; file++) {
            byte[] content = new byte[random.nextInt(400_000)];
            random.nextBytes(content);
            Files.write(tree.resolve("files/" + file), content);
            Files.write(tree.resolve("old/" + file), new byte[100_000]);
        }
        Tool.require("sh", "dash").runIn(tree, "-c", "sha256sum files/* >SUMS").expectExit(0);
        disk = shared.resolve("disk.raw");
        try (RandomAccessFile raw = new RandomAccessFile(disk.toFile(), "rw")) {
            raw.setLength(64 << 20);
        }
        Tool.require("mkfs.ext4", "e2fsprogs").run("-q", "-F", "-d", tree, disk).expectExit(0);
    }

    @ParameterizedTest
    @EnumSource
    void bootsOverNbd(Base base, @TempDir Path folder) throws Exception {
        Path socket = folder.resolve("disk.sock");
        bootFrom(
                base,
                folder,
                List.of("--socket", socket.toString()),
                List.of(
                        "-blockdev",
                        "driver=nbd,node-name=disk,discard=unmap,server.type=unix,server.path=" + socket,
                        "-device",
                        "virtio-blk-pci,drive=disk"));
    }

    @ParameterizedTest
    @EnumSource
    void bootsOverVhostUser(Base base, @TempDir Path folder) throws Exception {
        Path socket = folder.resolve("disk.sock");
        bootFrom(
                base,
                folder,
                List.of("--vhost-user", "--socket", socket.toString()),
                List.of(
                        "-object",
                        "memory-backend-memfd,id=memory,size=256M,share=on",
                        "-machine",
                        "memory-backend=memory",
                        "-chardev",
                        "socket,id=disk,path=" + socket,
                        "-device",
                        "vhost-user-blk-pci,chardev=disk"));
    }

    private void bootFrom(Base base, Path folder, List<String> serve, List<String> attach) throws Exception {
        Path overlay = overlay(base, folder);
        List<String> words = new ArrayList<>(
                List.of("serve", "--persistent", "--object", "secret,id=key,file=" + key, "-f", "qcow2"));
        words.addAll(serve);
        words.add(overlay.toString());
        List<String> said;
        try (ServerProcess server = ServerProcess.start(folder, 1, words.toArray())) {
            said = guest.run(attach);
            server.terminate();
            assertThat(server.expectGoodEnd()).isEmpty();
        }

        assertThat(said).startsWith("mounted", "files are as they were").contains("trimmed");
        String secret = "secret,id=key,file=" + key;
        oracle.img("check", "--object", secret, "-f", "qcow2", overlay).expectExit(0);
        Path raw = folder.resolve("after.raw");
        oracle.img("convert", "--object", secret, "-f", "qcow2", "-O", "raw", overlay, raw)
                .expectExit(0);
        Tool.require("e2fsck", "e2fsprogs").run("-f", "-n", raw).expectExit(0);
        List<String> digests = said.stream().filter(line -> line.contains("  ")).toList();
        assertThat(digests).hasSize(2);
        for (String line : digests) {
            String[] digestAndName = line.split("  ");
            assertThat(digestInside(raw, digestAndName[1])).as(line).isEqualTo(digestAndName[0]);
        }
    }

    /** An overlay of the guest's own on that base. */
    private static Path overlay(Base base, Path folder) {
        Path overlay = folder.resolve("overlay.qcow2");
        switch (base) {
            case COMPRESSED -> {
                oracle.imgIn(folder, "convert", "-f", "raw", "-O", "qcow2", "-c", disk, "base")
                        .expectExit(0);
                oracle.imgIn(folder, "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", "base", overlay)
                        .expectExit(0);
            }
            case LUKS -> {
                String secret = "secret,id=key,file=" + key;
                String options = "key-secret=key,iter-time=10";
                oracle.imgIn(
                                folder,
                                "convert",
                                "--object",
                                secret,
                                "-f",
                                "raw",
                                "-O",
                                "luks",
                                "-o",
                                options,
                                disk,
                                "base")
                        .expectExit(0);
                String name =
                        "json:{\"driver\":\"luks\",\"key-secret\":\"key\",\"file\":{\"driver\":\"file\",\"filename\":\""
                                + folder.resolve("base") + "\"}}";
                oracle.img("create", "-q", "--object", secret, "-f", "qcow2", "-F", "luks", "-b", name, overlay)
                        .expectExit(0);
            }
            case VMDK -> {
                oracle.imgIn(folder, "convert", "-f", "raw", "-O", "vmdk", disk, "base.vmdk")
                        .expectExit(0);
                oracle.imgIn(folder, "create", "-q", "-f", "qcow2", "-F", "vmdk", "-b", "base.vmdk", overlay)
                        .expectExit(0);
            }
        }
        return overlay;
    }

    /** SHA-256 of a file inside an ext4 file system. */
    private static String digestInside(Path fileSystem, String file) throws Exception {
        Path dumped = fileSystem.resolveSibling("dumped-" + file);
        Tool.require("debugfs", "e2fsprogs")
                .run("-R", "dump /" + file + " " + dumped, fileSystem)
                .expectExit(0);
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(dumped));
        return HexFormat.of().formatHex(digest);
    }
}
