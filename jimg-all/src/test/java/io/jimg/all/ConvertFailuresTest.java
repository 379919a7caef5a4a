package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.OpenOptions;
import io.jimg.ops.Conversion;
import io.jimg.ops.Convert;
import io.jimg.spi.OpenGate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What fails, is cancelled or refused leaves inputs as they were, and no output that looks whole. */
class ConvertFailuresTest extends ConvertFixture {
    @Test
    void cancelledCopyLeavesNoOutputAndTheInputAsItWas() throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), 20 << 20, 8);
        byte[] before = Files.readAllBytes(raw);
        for (String format : List.of("raw", "qcow2")) {
            Path output = folder.resolve("output");
            try (DiskImage source = open(raw, "raw")) {
                var job = new Convert(source).toNew(target(output, format, ""));
                List<Long> steps = new ArrayList<>();
                job.onProgress((done, total) -> {
                    steps.add(done);
                    if (done > total / 2) {
                        job.cancel();
                    }
                });
                assertThatThrownBy(job::run)
                        .isInstanceOfSatisfying(
                                ImageException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CANCELLED));
                assertThat(steps).isSorted();
            }
            assertThat(output).doesNotExist();
        }
        assertThat(Files.readAllBytes(raw)).isEqualTo(before);
    }

    @Test
    void unreadableSourceFailsAndLeavesNoOutput() throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), 8 << 20, 11);
        for (String format : List.of("raw", "qcow2")) {
            Path output = folder.resolve("output");
            try (WatchedImage source = new WatchedImage(open(raw, "raw"), firstDataSector(raw))) {
                assertThatThrownBy(() -> new Convert(source)
                                .toNew(target(output, format, ""))
                                .run())
                        .isInstanceOf(ImageException.class)
                        .hasMessageMatching("error while reading at byte [0-9]+: Input/output error");
            }
            assertThat(output).doesNotExist();
        }
    }

    @Test
    void salvagedCopyHasZeroesForWhatCannotBeRead() throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), 8 << 20, 11);
        Path output = folder.resolve("output");
        long bad = firstDataSector(raw);
        List<String> sentences = new ArrayList<>();
        try (WatchedImage source = new WatchedImage(open(raw, "raw"), bad)) {
            Conversion done = new Convert(source)
                    .salvage(failure -> sentences.add(failure.getMessage()))
                    .toNew(target(output, "raw", ""))
                    .run();
            assertThat(done.unreadable()).isEqualTo(512);
        }
        assertThat(sentences).containsExactly("error while reading offset " + bad * 512 + ": Input/output error");
        byte[] expected = Files.readAllBytes(raw);
        Arrays.fill(expected, (int) bad * 512, (int) bad * 512 + 512, (byte) 0);
        assertThat(Files.readAllBytes(output)).isEqualTo(expected);
    }

    /** A sector that no copy can leave out, somewhere in the middle. */
    private static long firstDataSector(Path raw) throws IOException {
        byte[] bytes = Files.readAllBytes(raw);
        int at = bytes.length / 2;
        while (bytes[at] == 0) {
            at++;
        }
        return at / 512;
    }

    @Test
    void inputIsNeverTheOutput() throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), 1 << 20, 9);
        Path link = Files.createLink(folder.resolve("link"), raw);
        Path overlay = folder.resolve("overlay");
        qemu.img("create", "-q", "-f", "qcow2", "-b", raw, "-F", "raw", overlay).expectExit(0);
        byte[] before = Files.readAllBytes(raw);
        for (OpenOptions how : List.of(
                OpenOptions.DEFAULT.withGate(OpenGate.ALLOW),
                OpenOptions.DEFAULT.withGate(OpenGate.ALLOW).withForceShare(true))) {
            try (DiskImage source = IMAGES.open(raw, how.withFormat("raw"));
                    DiskImage above = IMAGES.open(overlay, how.withFormat("qcow2"))) {
                for (DiskImage each : List.of(source, above)) {
                    assertThatThrownBy(() -> new Convert(each)
                                    .toNew(target(link, "raw", ""))
                                    .run())
                            .isInstanceOfSatisfying(
                                    ImageException.class,
                                    e -> assertThat(e.kind()).isEqualTo(ErrorKind.LOCKED));
                }
            }
        }
        assertThat(Files.readAllBytes(raw)).isEqualTo(before);
    }

    @Test
    void optionsAtFaultLeaveAnExistingFileAsItWas() throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), 1 << 20, 10);
        Path precious = Files.write(folder.resolve("precious"), new byte[] {1, 2, 3});
        try (DiskImage source = open(raw, "raw")) {
            for (String options : List.of("colour=red", "cluster_size=3", "refcount_bits=3", "compat=7")) {
                assertThatThrownBy(() -> new Convert(source)
                                .toNew(target(precious, "qcow2", options))
                                .run())
                        .isInstanceOf(ImageException.class);
                assertThat(Files.readAllBytes(precious)).containsExactly(1, 2, 3);
            }
            assertThatThrownBy(() -> new Convert(source)
                            .compress(true)
                            .toNew(target(precious, "raw", ""))
                            .run())
                    .hasMessage("Compression not supported for this file format");
        }
        assertThat(Files.readAllBytes(precious)).containsExactly(1, 2, 3);
    }
}
