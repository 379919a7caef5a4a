package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.ZeroMode;
import io.jimg.testkit.QemuOracle;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Many threads write, zero, read and flush overlapping ranges of one image: each sector is in the end what one of the
 * threads left there by its own last change. Meanwhile the real tools are kept out, and we by them.
 *
 * <p>The system property {@code jimg.writers.steps} sets how much each thread does.
 */
class OverlappingWritersTest {
    private static final int STEPS = Integer.getInteger("jimg.writers.steps", 150);
    private static final int THREADS = 6;
    private static final int SECTOR = 512;
    private static final int SECTORS = 3000;
    private static final int LONGEST = 300;

    @TempDir
    Path folder;

    private final QemuOracle qemu = QemuOracle.assumePresent();

    /** What one thread wrote last into each sector: a number of its own in every change, 0 where it zeroed. */
    private final long[][] last = new long[THREADS][SECTORS];

    private final BitSet[] touched = new BitSet[THREADS];

    @ParameterizedTest
    @CsvSource({
        "qcow2, cluster_size=4096",
        "qcow2, 'extended_l2=on,cluster_size=16k'",
        "qcow2, lazy_refcounts=on",
        "vmdk, subformat=monolithicSparse",
        "vmdk, subformat=monolithicFlat"
    })
    void eachSectorIsOneThatWasWritten(String format, String options) throws Exception {
        Path file = folder.resolve("disk." + format);
        qemu.img("create", "-q", "-f", format, "-o", options, file, SECTORS * SECTOR)
                .expectExit(0);
        try (DiskImage image = open(file, format)) {
            ExecutorService threads = Executors.newFixedThreadPool(THREADS);
            try {
                List<Future<?>> all = new ArrayList<>();
                for (int i = 0; i < THREADS; i++) {
                    touched[i] = new BitSet();
                    all.add(threads.submit(worker(image, i)));
                }
                assertThat(qemu.img("resize", "-f", format, file, "4M").exitCode())
                        .isEqualTo(1);
                assertThat(qemu.img("info", file).stderr()).contains("lock");
                for (Future<?> each : all) {
                    each.get();
                }
            } catch (ExecutionException failed) {
                throw new AssertionError(failed.getCause());
            } finally {
                threads.shutdownNow();
            }
            verify(image);
        }
        qemu.img("check", "-q", "-f", format, file).expectExit(0);
        try (DiskImage image = open(file, format)) {
            verify(image);
        }
        keptOut(file, format);
    }

    private static DiskImage open(Path file, String format) throws IOException {
        return Images.standard()
                .open(
                        file.toString(),
                        OpenOptions.DEFAULT
                                .withFormat(format)
                                .withWritable(true)
                                .withGate(io.jimg.spi.OpenGate.ALLOW));
    }

    private Callable<Object> worker(DiskImage image, int thread) {
        return () -> {
            Random random = new Random(thread);
            for (int step = 1; step <= STEPS; step++) {
                int first = random.nextInt(SECTORS);
                int count = 1 + random.nextInt(Math.min(LONGEST, SECTORS - first));
                long offset = (long) first * SECTOR;
                int kind = random.nextInt(10);
                if (kind < 6) {
                    long value = (long) (thread + 1) << 32 | step;
                    image.write(sectors(count, value), offset);
                    note(thread, first, count, value);
                } else if (kind < 8) {
                    image.writeZeroes(
                            offset, (long) count * SECTOR, kind == 6 ? ZeroMode.MAY_UNMAP : ZeroMode.KEEP_ALLOCATED);
                    note(thread, first, count, 0);
                } else if (kind == 8) {
                    // What is read while others write it may be a mixture; that it can be read is what counts.
                    image.read(ByteBuffer.allocate(count * SECTOR), offset);
                } else {
                    image.flush();
                }
            }
            return null;
        };
    }

    private void note(int thread, int first, int count, long value) {
        java.util.Arrays.fill(last[thread], first, first + count, value);
        touched[thread].set(first, first + count);
    }

    private static ByteBuffer sectors(int count, long value) {
        ByteBuffer bytes = ByteBuffer.allocate(count * SECTOR);
        while (bytes.hasRemaining()) {
            bytes.putLong(value);
        }
        return bytes.flip();
    }

    /** The number in each sector, of which no sector has two. */
    private static long[] look(DiskImage image) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(SECTORS * SECTOR);
        image.read(bytes, 0);
        bytes.flip();
        long[] values = new long[SECTORS];
        for (int i = 0; i < SECTORS; i++) {
            values[i] = bytes.getLong(i * SECTOR);
            for (int at = 0; at < SECTOR; at += Long.BYTES) {
                if (bytes.getLong(i * SECTOR + at) != values[i]) {
                    throw new AssertionError("sector " + i + " is a mixture");
                }
            }
        }
        return values;
    }

    private void verify(DiskImage image) throws IOException {
        long[] values = look(image);
        for (int sector = 0; sector < SECTORS; sector++) {
            List<Long> possible = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                if (touched[thread].get(sector)) {
                    possible.add(last[thread][sector]);
                }
            }
            if (possible.isEmpty()) {
                possible.add(0L);
            }
            assertThat(values[sector]).as("sector %s", sector).isIn(possible);
        }
    }

    /** While qemu-io has the image open, it cannot be opened here for writing, and afterwards it can. */
    private void keptOut(Path file, String format) throws Exception {
        Process other = new ProcessBuilder(qemu.folder().resolve("qemu-io").toString(), "-f", format, file.toString())
                .redirectErrorStream(true)
                .start();
        try (BufferedReader answers = other.inputReader()) {
            other.outputWriter().write("read 0 512\n");
            other.outputWriter().flush();
            assertThat(answers.readLine()).contains("read 512/512");
            assertThatThrownBy(() -> open(file, format).close())
                    .isInstanceOfSatisfying(
                            ImageException.class,
                            failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.LOCKED));
        } finally {
            other.outputWriter().close();
            other.waitFor();
        }
        open(file, format).close();
    }
}
