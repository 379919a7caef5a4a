package io.jimg.qcow2.create;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.qcow2.Qcow2;
import io.jimg.qcow2.Qcow2Format;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.DottedOptions;
import io.jimg.storage.FileStorage;
import io.jimg.storage.MemoryStorage;
import io.jimg.testkit.FaultyStorage;
import io.jimg.testkit.QemuOracle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CreateTest {
    private final Qcow2Format format = new Qcow2Format();

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    64M  |
                    1    |
                    0    |
                    513  |
                    1T   |
                    10T  | cluster_size=64k
                    64M  | compat=v2
                    64M  | compat=1.1,lazy_refcounts=on
                    8M   | cluster_size=512
                    64M  | cluster_size=512
                    8M   | cluster_size=512,refcount_bits=64
                    8M   | cluster_size=1k,refcount_bits=1
                    8M   | cluster_size=2k,refcount_bits=2
                    64M  | cluster_size=4k,refcount_bits=8
                    64M  | cluster_size=8k,refcount_bits=32
                    64M  | cluster_size=2M,refcount_bits=4
                    64M  | extended_l2=on
                    64M  | extended_l2=on,cluster_size=16k,compression_type=zstd
                    100k | preallocation=metadata
                    300M | preallocation=metadata
                    64M  | preallocation=metadata,cluster_size=2M
                    320k | preallocation=metadata,extended_l2=on
                    64M  | backing_file=base.raw,backing_fmt=raw
                    64M  | backing_file=base.raw,backing_fmt=raw,cluster_size=512
                    64M  | backing_file=base.raw,backing_fmt=raw,compat=0.10
                    64M  | data_file=data.raw
                    64M  | data_file=data.raw,data_file_raw=on
                    64M  | data_file=data.raw,preallocation=metadata
                    64M  | data_file=data.raw,backing_file=base.raw,backing_fmt=raw
                    """)
    void writesTheVeryBytesThatQemuImgWrites(String size, String options) throws Exception {
        QemuOracle oracle = QemuOracle.assumeVersion(10);
        Path theirs = folder.resolve("theirs.qcow2");
        String asked = options == null ? "compat=1.1" : inFolder(options);
        oracle.imgIn(folder, "create", "-q", "-u", "-f", "qcow2", "-o", asked, theirs, size)
                .expectExit(0);
        Files.deleteIfExists(folder.resolve("data.raw"));
        Path ours = create(io.jimg.OptionType.SIZE.parse("size", size), options);
        assertThat(ours).hasSameBinaryContentAs(theirs);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    1G   | cluster_size=512
                    1G   | cluster_size=512,refcount_bits=64
                    128G | cluster_size=512
                    2048T| cluster_size=64k
                    100T | cluster_size=2M,extended_l2=on
                    1M   | cluster_size=512,preallocation=metadata
                    70M  | cluster_size=512,preallocation=metadata,refcount_bits=64
                    20G  | preallocation=metadata
                    20M  | preallocation=metadata,refcount_bits=1
                    1M   | preallocation=falloc
                    1M   | preallocation=full,cluster_size=512,compat=v2
                    3M   | preallocation=full,extended_l2=on,lazy_refcounts=on
                    3M   | preallocation=falloc,extended_l2=on,backing_file=base.raw,backing_fmt=raw
                    1M   | data_file=data.raw,preallocation=full
                    1M   | data_file=data.raw,preallocation=falloc,data_file_raw=on,extended_l2=on
                    """)
    void whatHasItsOwnLayoutIsSound(String size, String options) throws Exception {
        QemuOracle oracle = QemuOracle.assumePresent();
        Path ours = create(io.jimg.OptionType.SIZE.parse("size", size), options);
        Files.createFile(folder.resolve("base.raw"));
        oracle.checkClean("qcow2", ours);
        oracle.ioCommands("qcow2", ours, "read -P 0 0 64k", "write -P 7 12345 70000", "read -P 7 12345 70000");
        oracle.checkClean("qcow2", ours);
    }

    @Test
    void preallocatesSpaceOrWritesIt() throws Exception {
        long size = 4 << 20;
        for (String mode : new String[] {"falloc", "full"}) {
            Path image = create(size, "preallocation=" + mode);
            try (FileStorage storage = FileStorage.open(image, false)) {
                assertThat(storage.allocatedSize()).as(mode).isGreaterThanOrEqualTo(size);
            }
            Files.delete(image);
        }
    }

    @ParameterizedTest
    @Tag("quick")
    @CsvSource(delimiter = '|', textBlock = """
                    cluster_size=256 | Cluster size must be a power of two between 512 and 2048k
                    cluster_size=3k | Cluster size must be a power of two between 512 and 2048k
                    cluster_size=0 | Cluster size must be a power of two between 512 and 2048k
                    cluster_size=4M | Cluster size must be a power of two between 512 and 2048k
                    refcount_bits=0 | Refcount width must be a power of two and may not exceed 64 bits
                    refcount_bits=3 | Refcount width must be a power of two and may not exceed 64 bits
                    refcount_bits=128 | Refcount width must be a power of two and may not exceed 64 bits
                    compat=v4 | Parameter 'version' does not accept value 'v4'
                    compression_type=lzo | Parameter 'compression-type' does not accept value 'lzo'
                    preallocation=bogus | Parameter 'preallocation' does not accept value 'bogus'
                    compat=0.10,refcount_bits=8 | Different refcount widths than 16 bits require compatibility level 1.1 or above (use version=v3 or greater)
                    compat=v2,lazy_refcounts=on | Lazy refcounts only supported with compatibility level 1.1 and above (use version=v3 or greater)
                    compat=v2,extended_l2=on | Extended L2 entries are only supported with compatibility level 1.1 and above (use version=v3 or greater)
                    compat=v2,data_file=d | External data files are only supported with compatibility level 1.1 and above (use version=v3 or greater)
                    compat=v2,compression_type=zstd | Non-zlib compression type is only supported with compatibility level 1.1 and above (use version=v3 or greater)
                    extended_l2=on,cluster_size=8k | Extended L2 entries are only supported with cluster sizes of at least 16384 bytes
                    backing_fmt=raw | Backing format cannot be used without backing file
                    backing_file=b,backing_fmt=raw,preallocation=metadata | Backing file and preallocation can only be used at the same time if extended_l2 is on
                    data_file_raw=on | data-file-raw requires data-file
                    data_file=d,data_file_raw=on,backing_file=b,backing_fmt=raw | Backing file and data-file-raw cannot be used at the same time
                    encryption=on | Parameter 'encrypt.key-secret' is required for cipher
                    encrypt.format=luks | Parameter 'encrypt.key-secret' is required for cipher
                    encrypt.format=rot13 | Parameter 'format' does not accept value 'rot13'
                    """)
    void refusesWithTheSentenceOfQemuImg(String options, String sentence) {
        assertThatThrownBy(() -> format.validateCreate(request(1 << 20, options)))
                .isInstanceOf(ImageException.class)
                .hasMessage(sentence);
    }

    @ParameterizedTest
    @Tag("quick")
    @ValueSource(strings = {"137438953473|512", "2251799813685249|64k", "9223372036854775807|2M"})
    void refusesASizeThatNoL1TableCanMap(String sizeAndCluster) {
        String[] words = sizeAndCluster.split("\\|");
        assertThatThrownBy(() -> format.validateCreate(request(Long.parseLong(words[0]), "cluster_size=" + words[1])))
                .isInstanceOfSatisfying(
                        ImageException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.LIMIT))
                .hasMessage("The image size is too large for file format 'qcow2' (try using a larger cluster size)");
    }

    @Test
    @Tag("quick")
    void refusesABackingNameThatDoesNotFit() {
        assertThatThrownBy(() ->
                        format.validateCreate(request(1 << 20, "backing_fmt=raw,backing_file=" + "a".repeat(1024))))
                .hasMessage(
                        "Could not assign backing file '" + "a".repeat(1024) + "' with format 'raw': Invalid argument");
        assertThatThrownBy(() -> format.validateCreate(
                        request(1 << 20, "cluster_size=512,backing_fmt=raw,backing_file=" + "a".repeat(500))))
                .hasMessage("Could not assign backing file '" + "a".repeat(500)
                        + "' with format 'raw': No space left on device");
    }

    private Path create(long size, String options) throws Exception {
        Path image = folder.resolve("ours.qcow2");
        CreateRequest request = request(size, options);
        format.validateCreate(request);
        try (FileStorage storage = FileStorage.create(image)) {
            format.create(storage, request);
        }
        return image;
    }

    private CreateRequest request(long size, String options) throws ImageException {
        Map<String, String> text = new LinkedHashMap<>();
        if (options != null) {
            for (String option : inFolder(options).split(",")) {
                text.put(option.substring(0, option.indexOf('=')), option.substring(option.indexOf('=') + 1));
            }
        }
        Options parsed = Qcow2.CREATE.parse(DottedOptions.of(text));
        return new CreateRequest(size, parsed, name -> FileStorage.create(Path.of(name)));
    }

    @ParameterizedTest
    @CsvSource({
        "1, Could not write qcow2 header: No space left on device",
        "2, Could not write refcount table: No space left on device"
    })
    void fullDiskIsToldAsQemuImgTellsIt(int firstThatFails, String sentence) throws Exception {
        FaultyStorage full = new FaultyStorage(new MemoryStorage("full"))
                .failFrom(Set.of(FaultyStorage.Call.WRITE), firstThatFails, FaultyStorage.Fault.NO_SPACE);
        assertThatThrownBy(() -> format.create(full, request(64 << 20, "compat=1.1")))
                .isInstanceOf(ImageException.class)
                .hasMessage(sentence);
    }

    /** QEMU takes a data file's name as relative to its own folder. */
    private String inFolder(String options) {
        return options.replace("data.raw", folder.resolve("data.raw").toString());
    }
}
