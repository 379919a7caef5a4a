package io.jimg.raw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jimg.Images;
import io.jimg.Options;
import io.jimg.ops.Create;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ImageWriter;
import io.jimg.storage.FileCreation;
import io.jimg.storage.FileStorage;
import io.jimg.storage.MemoryStorage;
import io.jimg.storage.Outcome;
import io.jimg.storage.Preallocation;
import io.jimg.storage.Storage;
import io.jimg.testkit.FaultyStorage;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RawCreateTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"off", "falloc", "full"})
    void newImageIsAsLongAsItsDiskAndAsAllocatedAsAsked(String preallocation) throws IOException {
        QemuOracle qemu = QemuOracle.assumePresent();
        boolean hostCanReserve = hostCanReserve();
        assumeTrue(hostCanReserve || !preallocation.equals("falloc"), "this host cannot reserve space");
        Path ours = folder.resolve("ours");
        Path theirs = folder.resolve("theirs");
        new Create(Images.standard(), ours.toString())
                .size(3_000_001)
                .options(DottedOptions.EMPTY.with("preallocation", preallocation))
                .plan()
                .job()
                .run();
        qemu.img("create", "-q", "-f", "raw", "-o", "preallocation=" + preallocation, theirs, 3_000_001)
                .expectExit(0);
        assertThat(Files.size(ours)).isEqualTo(Files.size(theirs)).isEqualTo(3_000_320);
        qemu.compareEqual("raw", ours, "raw", theirs);
        try (Storage file = FileStorage.open(ours, false)) {
            if (!preallocation.equals("off")) {
                assertThat(file.allocatedSize()).isGreaterThanOrEqualTo(3_000_001);
            } else if (hostCanReserve) {
                assertThat(file.allocatedSize()).isLessThan(64 << 10);
            }
        }
    }

    /** Whether the host's own calls are there; without them nothing is known of a file's space either. */
    private boolean hostCanReserve() throws IOException {
        try (Storage file = FileStorage.create(folder.resolve("reserved"))) {
            return file.allocate(0, 1) == Outcome.DONE;
        }
    }

    @Test
    void optionsThatDoNotExistAreRefusedAndTheFileStays() throws IOException {
        Path file = Files.write(folder.resolve("precious"), new byte[] {1, 2, 3});
        Create create = new Create(Images.standard(), file.toString()).size(1024);
        refused(create.options(DottedOptions.EMPTY.with("colour", "red")), "Invalid parameter 'colour'");
        refused(create.options(DottedOptions.EMPTY.with("preallocation", "some")), "invalid parameter value: some");
        refused(
                create.options(DottedOptions.EMPTY).backingFile("other").backingFormat("raw"),
                "Backing file not supported for file format 'raw'");
        assertThat(Files.readAllBytes(file)).containsExactly(1, 2, 3);
    }

    private static void refused(Create create, String sentence) {
        assertThatThrownBy(() -> create.plan().job().run()).hasMessage(sentence);
    }

    @Test
    void fullDiskIsToldByWhatItWasNeededFor() {
        assertThatThrownBy(() -> createOnFullDisk(Preallocation.FULL))
                .hasMessageStartingWith("Could not write zeros for preallocation: ");
        assertThatThrownBy(() -> createOnFullDisk(Preallocation.FALLOC))
                .hasMessageStartingWith("Could not preallocate new data: ");
    }

    private static void createOnFullDisk(Preallocation mode) throws IOException {
        Storage full = new FaultyStorage(new MemoryStorage("memory"))
                .failFrom(FaultyStorage.Call.CHANGES, 1, FaultyStorage.Fault.NO_SPACE);
        Options options = Options.of(FileCreation.PREALLOCATION, mode);
        new RawFormat().create(full, new CreateRequest(1 << 20, options, name -> full));
    }

    @Test
    void writerSkipsZeroesOnAFreshFile() throws IOException {
        MemoryStorage file = new MemoryStorage("memory");
        RawFormat format = new RawFormat();
        CreateRequest request = new CreateRequest(10 << 20, Options.none(), name -> file);
        try (ImageWriter writer = format.createWriter(file, request).orElseThrow()) {
            writer.zero(0, 1 << 20);
            writer.data(2 << 20, ByteBuffer.wrap(new byte[] {1, 2, 3, 4})).write();
            writer.zero((2 << 20) + 4, 1 << 20);
            writer.finish();
        }
        file.reopen();
        assertThat(file.size()).isEqualTo(10 << 20);
        assertThat(file.allocatedSize()).isEqualTo(64 << 10);
        ByteBuffer found = ByteBuffer.allocate(4);
        file.read(found, 2 << 20);
        assertThat(found.array()).containsExactly(1, 2, 3, 4);
    }
}
