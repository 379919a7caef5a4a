package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.OpenOptions;
import io.jimg.ops.Conversion;
import io.jimg.ops.Convert;
import io.jimg.ops.Create;
import io.jimg.spi.OpenGate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Converts over backing files and to data files, which the caller names or an image does. */
class ConvertChainsTest extends ConvertFixture {
    @Test
    void backingFileHoldsTheRest() throws IOException {
        Path base = folder.resolve("base");
        Path overlay = folder.resolve("overlay");
        Path copy = folder.resolve("copy");
        qemu.img("create", "-q", "-f", "qcow2", base, "8M").expectExit(0);
        qemu.ioCommands("qcow2", base, "write -P 1 0 2M", "write -P 2 5M 1M");
        qemu.img("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", overlay)
                .expectExit(0);
        qemu.ioCommands("qcow2", overlay, "write -P 3 1M 64k", "write -z 64k 128k", "write -P 4 6M 4k");
        try (DiskImage source = open(overlay, "qcow2")) {
            Conversion done = new Convert(source)
                    .toNew(target(copy, "qcow2", "")
                            .backingFile(base.toString())
                            .backingFormat("qcow2"))
                    .run();
            assertThat(done.copied()).isEqualTo(128 << 10);
            assertThat(done.zeroes()).isEqualTo(128 << 10);
        }
        qemu.checkClean("qcow2", copy);
        qemu.compareEqual("qcow2", overlay, "qcow2", copy);
    }

    @ParameterizedTest
    @CsvSource({"true, 65536", "false, 131072"})
    void existingOverlayTakesOneLayerOrAll(boolean overBacking, long copied) throws IOException {
        Path base = folder.resolve("base");
        Path overlay = folder.resolve("overlay");
        Path target = folder.resolve("target");
        qemu.img("create", "-q", "-f", "qcow2", base, "1M").expectExit(0);
        qemu.ioCommands("qcow2", base, "write -P 2 0 64k");
        for (Path each : List.of(overlay, target)) {
            qemu.img("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", each)
                    .expectExit(0);
        }
        qemu.ioCommands("qcow2", overlay, "write -P 1 64k 64k");
        try (DiskImage source = open(overlay, "qcow2");
                DiskImage existing = IMAGES.open(
                        target,
                        OpenOptions.DEFAULT
                                .withFormat("qcow2")
                                .withWritable(true)
                                .withGate(OpenGate.ALLOW))) {
            assertThat(new Convert(source)
                            .overBacking(overBacking)
                            .into(existing)
                            .run()
                            .copied())
                    .isEqualTo(copied);
        }
        qemu.checkClean("qcow2", target);
        qemu.compareEqual("qcow2", overlay, "qcow2", target);
    }

    @ParameterizedTest
    @CsvSource({
        "1M, '', 4096, true",
        "1000k, '', 4096, false",
        "1M, preallocation=metadata;extended_l2=on, 4096, true",
        "1M, '', 0, true"
    })
    void nothingIsWrittenWhereAShorterBackingFileHasEnded(
            String backingSize, String options, int sparseSize, boolean zeroesBefore) throws IOException {
        Path base = folder.resolve("base");
        Path overlay = folder.resolve("overlay");
        Path copy = folder.resolve("copy");
        qemu.img("create", "-q", "-f", "raw", base, backingSize).expectExit(0);
        qemu.ioCommands("raw", base, "write -P 1 0 1000k");
        qemu.img("create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", overlay, "100G")
                .expectExit(0);
        qemu.ioCommands("qcow2", overlay, "write -P 3 4M 64k", "write -z 1G 1M");
        if (zeroesBefore) {
            qemu.ioCommands("qcow2", overlay, "write -z 960k 128k");
        }
        try (DiskImage source = open(overlay, "qcow2")) {
            Conversion done = new Convert(source)
                    .sparseSize(sparseSize)
                    .toNew(target(copy, "qcow2", options)
                            .backingFile(base.toString())
                            .backingFormat("raw"))
                    .run();
            long zeroes = zeroesBefore ? 64 << 10 : 0;
            assertThat(done.zeroes()).isEqualTo(sparseSize == 0 ? 0 : zeroes);
            assertThat(done.copied()).isEqualTo((64 << 10) + (sparseSize == 0 ? zeroes : 0));
        }
        qemu.checkClean("qcow2", copy);
        qemu.compareEqual("qcow2", overlay, "qcow2", copy);
        if (options.isEmpty()) {
            assertThat(Files.size(copy)).isLessThan(1 << 20);
        }
    }

    @Test
    void backingFileThatTheCallerNamesIsOpenedAndWhatItNamesIsNot() throws IOException {
        Path base = folder.resolve("base");
        Path middle = folder.resolve("middle");
        Path raw = SampleDisk.write(folder.resolve("raw"), 1 << 20, 16);
        qemu.img("create", "-q", "-f", "qcow2", base, "1M").expectExit(0);
        qemu.ioCommands("qcow2", base, "write -P 2 0 1M");
        qemu.img("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", middle)
                .expectExit(0);
        Path created = folder.resolve("created");
        overlay(created, "", middle).plan().job().run();
        assertThat(qemu.img("info", "-f", "qcow2", created).expectExit(0).stdout())
                .contains("virtual size: 1 MiB");
        assertThatThrownBy(() -> overlay(created, "", middle)
                        .backingOptions(OpenOptions.DEFAULT)
                        .plan())
                .isInstanceOfSatisfying(
                        ImageException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DENIED));
        // The second one is filled as an image that is open.
        for (String options : List.of("", "preallocation=metadata;extended_l2=on")) {
            try (DiskImage source = open(raw, "raw")) {
                Path copy = folder.resolve("copy" + options.length());
                new Convert(source).toNew(overlay(copy, options, base)).run();
                qemu.compareEqual("raw", raw, "qcow2", copy);
                Path denied = folder.resolve("denied");
                assertThatThrownBy(() -> new Convert(source).toNew(overlay(denied, options, middle)))
                        .isInstanceOfSatisfying(
                                ImageException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DENIED));
                assertThat(denied).doesNotExist();
                new Convert(source)
                        .toNew(overlay(denied, options, middle)
                                .backingOptions(OpenOptions.DEFAULT.withGate(OpenGate.within(folder))))
                        .run();
                qemu.compareEqual("raw", raw, "qcow2", denied);
                Files.delete(denied);
            }
        }
    }

    private static Create overlay(Path file, String options, Path backing) {
        return target(file, "qcow2", options).backingFile(backing.toString()).backingFormat("qcow2");
    }

    @Test
    void dataFileThatTheCallerNamesIsOpened() throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), 1 << 20, 17);
        Path copy = folder.resolve("copy");
        try (DiskImage source = open(raw, "raw")) {
            new Convert(source)
                    .toNew(target(copy, "qcow2", "preallocation=metadata;data_file=" + folder.resolve("data")))
                    .run();
        }
        qemu.compareEqual("raw", raw, "qcow2", copy);
    }
}
