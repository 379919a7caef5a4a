package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.Job;
import io.jimg.ops.Convert;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a conversion tells while it runs. */
class ConvertProgressTest extends ConvertFixture {
    @Test
    void progressByDataTellsOfWholeRuns() throws IOException {
        Path raw = folder.resolve("raw");
        try (RandomAccessFile file = new RandomAccessFile(raw.toFile(), "rw")) {
            file.setLength(64 << 20);
        }
        Path allocated = folder.resolve("allocated");
        try (DiskImage source = open(raw, "raw")) {
            new Convert(source).toNew(target(allocated, "qcow2", "")).run();
        }
        qemu.io("-f", "qcow2", "-c", "write -P 1 0 5M", "-c", "write -P 1 32M 1M", allocated)
                .expectExit(0);
        List<String> told = new ArrayList<>();
        try (DiskImage source = open(allocated, "qcow2")) {
            Job<?> job = new Convert(source).progressByData(true).toNew(target(folder.resolve("copy"), "raw", ""));
            job.onProgress((done, total) -> told.add((done >> 20) + "/" + (total >> 20)));
            job.run();
        }
        assertThat(told).containsExactly("2/6", "4/6", "5/6", "6/6");
    }
}
