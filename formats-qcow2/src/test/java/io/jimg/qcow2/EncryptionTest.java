package io.jimg.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.Secrets;
import io.jimg.capability.CompressedWrite;
import io.jimg.capability.Snapshots;
import io.jimg.crypto.LuksEntropy;
import io.jimg.ops.Amend;
import io.jimg.ops.Convert;
import io.jimg.ops.Create;
import io.jimg.qcow2.header.EncryptionPointer;
import io.jimg.qcow2.image.Qcow2Opener;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.Doc;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ImageWriter;
import io.jimg.storage.FileStorage;
import io.jimg.testkit.CryptsetupOracle;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Encrypted images: made, used and told of as QEMU does. */
class EncryptionTest {
    private static final int SIZE = 1 << 20;
    private static final int CLUSTER = 1 << 16;
    private static final String PASSPHRASE = "geheim";
    private static final Secrets SECRETS = id -> switch (id) {
        case "s" -> PASSPHRASE.getBytes(StandardCharsets.US_ASCII);
        case "new" -> "neu".getBytes(StandardCharsets.US_ASCII);
        default -> null;
    };
    private static final String LUKS = "encrypt.format=luks,encrypt.cipher-alg=aes-128,encrypt.cipher-mode=cbc";

    @TempDir
    private Path folder;

    private static Qcow2Format format(long seed) {
        Random random = new Random(seed);
        return new Qcow2Format(new LuksEntropy(random::nextBytes, (hash, length) -> 0));
    }

    private static CreateRequest request(String options) throws IOException {
        DottedOptions text = DottedOptions.EMPTY.with("encrypt.key-secret", "s");
        for (String option : options.split(",")) {
            text = text.with(option.split("=")[0], option.split("=")[1]);
        }
        return new CreateRequest(SIZE, Qcow2.CREATE.parse(text), name -> FileStorage.create(Path.of(name)), SECRETS);
    }

    private Path create(String options) throws IOException {
        Path file = folder.resolve("disk.qcow2");
        try (FileStorage storage = FileStorage.create(file)) {
            format(1).create(storage, request(options));
        }
        return file;
    }

    private static OpenOptions how() {
        return OpenOptions.DEFAULT
                .withFormat("qcow2")
                .withSecrets(SECRETS)
                .withDriverOptions(DottedOptions.EMPTY.with("encrypt.key-secret", "s"));
    }

    private static DiskImage open(Path file, boolean writable) throws IOException {
        return Images.standard().open(file, how().withWritable(writable));
    }

    private static byte[] filled(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private static void io(QemuOracle qemu, Path file, String... commands) {
        List<Object> words = new ArrayList<>(List.of("--object", "secret,id=s,data=" + PASSPHRASE, "--image-opts"));
        for (String command : commands) {
            words.add("-c");
            words.add(command);
        }
        words.add("driver=qcow2,file.filename=" + file + ",encrypt.key-secret=s");
        qemu.io(words.toArray()).expectExit(0);
    }

    private static void check(QemuOracle qemu, Path file) {
        qemu.img(
                        "check",
                        "--object",
                        "secret,id=s,data=" + PASSPHRASE,
                        "--image-opts",
                        "driver=qcow2,file.filename=" + file + ",encrypt.key-secret=s")
                .expectExit(0);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                LUKS,
                "encrypt.format=luks",
                "encrypt.format=luks,encrypt.cipher-alg=serpent-256,encrypt.cipher-mode=cbc,encrypt.ivgen-alg=essiv",
                "encrypt.format=luks,compat=0.10",
                "encrypt.format=luks,extended_l2=on",
                "encrypt.format=luks,cluster_size=512",
                "encrypt.format=aes",
                "encryption=on,compat=0.10"
            })
    void bothWriteWhatTheOtherReads(String options) throws IOException {
        QemuOracle qemu = QemuOracle.assumePresent();
        Path file = create(options);
        byte[] expected = new byte[SIZE];
        try (DiskImage image = open(file, true)) {
            assertThat(image.encrypted()).isTrue();
            image.write(ByteBuffer.wrap(filled(200_001, 0x5a)), 70_003);
            Arrays.fill(expected, 70_003, 270_004, (byte) 0x5a);
        }
        check(qemu, file);
        io(
                qemu,
                file,
                "read -P 0 0 70003",
                "read -P 0x5a 70003 200001",
                "read -P 0 270004 700k",
                "write -P 7 100k 30k");
        Arrays.fill(expected, 100 << 10, 130 << 10, (byte) 7);
        try (DiskImage image = open(file, true)) {
            byte[] content = new byte[SIZE];
            image.read(ByteBuffer.wrap(content), 0);
            assertThat(Arrays.mismatch(content, expected)).isNegative();
        }
        assertThat(contains(file, filled(4096, 0x5a)))
                .as("plain text in the file")
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {LUKS, "encrypt.format=aes", LUKS + ",extended_l2=on,cluster_size=16384"})
    void anImageWrittenForwardsIsReadByQemu(String options) throws IOException {
        QemuOracle qemu = QemuOracle.assumePresent();
        Path file = folder.resolve("disk.qcow2");
        try (ImageWriter writer = format(2)
                .createWriter(FileStorage.create(file), request(options))
                .orElseThrow()) {
            writer.data(CLUSTER, ByteBuffer.wrap(filled(3 * CLUSTER, 9))).write();
            writer.zero(4 * CLUSTER, CLUSTER);
            writer.data(SIZE - CLUSTER, ByteBuffer.wrap(filled(CLUSTER, 8))).write();
            assertThat(Files.readAllBytes(file)).as("no image yet").startsWith(0, 0, 0, 0);
            writer.finish();
        }
        check(qemu, file);
        io(
                qemu,
                file,
                "read -P 0 0 64k",
                "read -P 9 64k 192k",
                "read -P 0 256k " + (SIZE - 5 * CLUSTER),
                "read -P 8 " + (SIZE - CLUSTER) + " 64k");
    }

    /** Zeroes on the host that was allocated beforehand are noise to the guest. */
    @Test
    void aCopyIntoWhatWasAllocatedBeforehandIsWhole() throws IOException {
        Path source = folder.resolve("zero.raw");
        Files.write(source, new byte[SIZE]);
        Path file = folder.resolve("copy.qcow2");
        DottedOptions options = DottedOptions.EMPTY
                .with("encrypt.format", "aes")
                .with("encrypt.key-secret", "s")
                .with("preallocation", "metadata");
        Create target = new Create(Images.standard(), file.toString())
                .format("qcow2")
                .options(options)
                .backingOptions(OpenOptions.DEFAULT.withSecrets(SECRETS));
        try (DiskImage image = Images.standard().open(source, OpenOptions.DEFAULT.withFormat("raw"))) {
            new Convert(image).toNew(target).run();
        }
        try (DiskImage copy = open(file, false)) {
            byte[] content = new byte[SIZE];
            copy.read(ByteBuffer.wrap(content), 0);
            assertThat(content).containsOnly(0);
        }
    }

    /** A cluster that is written while a snapshot holds it moves, and its IVs with it. */
    @Test
    void snapshotsKeepWhatTheyHeld() throws IOException {
        QemuOracle qemu = QemuOracle.assumePresent();
        Path file = create(LUKS);
        io(qemu, file, "write -P 1 0 256k");
        qemu.img(
                        "snapshot",
                        "-c",
                        "then",
                        "--object",
                        "secret,id=s,data=" + PASSPHRASE,
                        "--image-opts",
                        "driver=qcow2,file.filename=" + file + ",encrypt.key-secret=s")
                .expectExit(0);
        try (DiskImage image = open(file, true)) {
            image.write(ByteBuffer.wrap(filled(100, 2)), 65_500);
            Snapshots snapshots = image.capability(Snapshots.class).orElseThrow();
            try (DiskImage then = snapshots.open("then")) {
                byte[] content = new byte[256 << 10];
                then.read(ByteBuffer.wrap(content), 0);
                assertThat(content).containsOnly(1);
                assertThat(then.encrypted()).isTrue();
            }
        }
        check(qemu, file);
        io(qemu, file, "read -P 1 0 65500", "read -P 2 65500 100", "read -P 1 65600 190k");
    }

    @Test
    void theHeaderInsideIsOneToCryptsetup() throws IOException {
        CryptsetupOracle cryptsetup = CryptsetupOracle.assumePresent();
        Path file = create(LUKS);
        Path header = folder.resolve("header.luks");
        try (FileStorage storage = FileStorage.open(file, false)) {
            EncryptionPointer pointer =
                    Objects.requireNonNull(Qcow2Opener.readHeader(storage).encryption());
            ByteBuffer bytes = ByteBuffer.allocate((int) pointer.length() + SIZE);
            storage.read(bytes.limit((int) pointer.length()), pointer.hostOffset());
            Files.write(header, bytes.array());
        }
        assertThat(cryptsetup.luksDump(header)).contains("Cipher mode:   \tcbc-plain64\n", "Key Slot 0: ENABLED");
        assertThat(cryptsetup.opens(header, PASSPHRASE)).isTrue();
    }

    @Test
    void theSameRandomnessMakesTheSameBytes() throws IOException {
        byte[] first = Files.readAllBytes(create(LUKS));
        assertThat(Files.readAllBytes(create(LUKS))).isEqualTo(first);
    }

    @Test
    void placesAreNotTold() throws IOException {
        Path file = create(LUKS);
        try (DiskImage image = open(file, true)) {
            image.write(ByteBuffer.wrap(filled(CLUSTER, 1)), 0);
            Extent extent = image.extentAt(0, CLUSTER);
            assertThat(extent.data()).isTrue();
            assertThat(extent.hostOffset()).isEqualTo(Extent.NO_HOST_OFFSET);
            assertThat(image.capability(CompressedWrite.class)).isEmpty();
        }
    }

    @Test
    void aWrongOrMissingPassphraseIsTold() throws IOException {
        Path file = create(LUKS);
        assertThatThrownBy(() -> Images.standard()
                        .open(file, how().withSecrets(id -> "falsch".getBytes(StandardCharsets.US_ASCII))))
                .hasMessage("Invalid password, cannot unlock any keyslot")
                .extracting(failure -> ((ImageException) failure).kind())
                .isEqualTo(ErrorKind.SECRET);
        assertThatThrownBy(() -> Images.standard().open(file, OpenOptions.DEFAULT))
                .hasMessage("Parameter 'encrypt.key-secret' is required for cipher");
        assertThatThrownBy(() -> Images.standard().open(file, how().withSecrets(Secrets.NONE)))
                .hasMessage("No secret with id 's'");
        try (DiskImage image = Images.standard().open(file, OpenOptions.DEFAULT.withInspectOnly(true))) {
            assertThat(((Doc) Objects.requireNonNull(image.formatSpecific().get("encrypt"))).get("format"))
                    .isEqualTo("luks");
            assertThatThrownBy(() -> image.read(ByteBuffer.allocate(512), 0)).isInstanceOf(ImageException.class);
        }
    }

    @Test
    void passphrasesComeAndGo() throws IOException {
        QemuOracle qemu = QemuOracle.assumePresent();
        Path file = create(LUKS);
        try (DiskImage image = open(file, true)) {
            image.write(ByteBuffer.wrap(filled(CLUSTER, 3)), 0);
            amend(image, "encrypt.state=active,encrypt.new-secret=new,encrypt.iter-time=0,encrypt.keyslot=6");
            amend(image, "encrypt.state=inactive,encrypt.old-secret=s");
            image.write(ByteBuffer.wrap(filled(CLUSTER, 4)), CLUSTER);
            assertThatThrownBy(() -> amend(image, "encrypt.state=inactive,encrypt.keyslot=6"))
                    .hasMessageStartingWith("Attempt to erase the only active keyslot 6");
        }
        assertThatThrownBy(() -> open(file, false)).hasMessage("Invalid password, cannot unlock any keyslot");
        qemu.io(
                        "--object",
                        "secret,id=n,data=neu",
                        "--image-opts",
                        "-c",
                        "read -P 3 0 64k",
                        "-c",
                        "read -P 4 64k 64k",
                        "driver=qcow2,file.filename=" + file + ",encrypt.key-secret=n")
                .expectExit(0);
    }

    private static void amend(DiskImage image, String options) throws IOException {
        DottedOptions text = DottedOptions.EMPTY;
        for (String option : options.split(",")) {
            text = text.with(option.split("=")[0], option.split("=")[1]);
        }
        Amend.of(Images.standard(), image, text, false).run();
    }

    @Test
    void keySlotsAreThoseOfLuks() throws IOException {
        try (DiskImage image = open(create("encrypt.format=aes"), true)) {
            assertThatThrownBy(() -> amend(image, "encrypt.state=active,encrypt.new-secret=new"))
                    .hasMessage("Only LUKS encryption options can be amended");
        }
    }

    @Test
    void aDamagedLuksHeaderIsTold() throws IOException {
        Path file = create(LUKS);
        try (FileStorage storage = FileStorage.open(file, true)) {
            long offset = Objects.requireNonNull(Qcow2Opener.readHeader(storage).encryption())
                    .hostOffset();
            storage.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), offset);
        }
        assertThatThrownBy(() -> Images.standard().open(file, OpenOptions.DEFAULT.withInspectOnly(true)))
                .hasMessage("Volume is not in LUKS format");
    }

    private static boolean contains(Path file, byte[] sought) throws IOException {
        String all = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        return all.contains(new String(sought, StandardCharsets.ISO_8859_1));
    }
}
