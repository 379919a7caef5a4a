package io.jimg.benchmarks;

import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.capability.Bitmaps;
import io.jimg.ops.Create;
import io.jimg.spi.DottedOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Writes of 4 KiB at random aligned offsets of a qcow2 image all of whose clusters are its own: what the guard of
 * metadata costs, and what a bitmap costs that records them.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
        value = 1,
        jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED"})
public class RandomWrites {
    private static final int BLOCK_BYTES = 4096;
    private static final int SIZE = 256 << 20;

    /** A folder for the image. */
    @Param("/dev/shm")
    public String folder = "";

    /** Which metadata is guarded, as {@code overlap-check} says it. */
    @Param({"none", "cached"})
    public String guarded = "";

    /** How many bitmaps record. */
    @Param({"0", "1"})
    public int bitmaps;

    private Path file;
    private DiskImage image;

    /** Makes and fills the image. */
    @Setup
    public void open() throws IOException {
        Images images = Images.standard();
        file = Files.createTempFile(Path.of(folder), "random-writes", ".qcow2");
        new Create(images, file.toString())
                .format("qcow2")
                .size(SIZE)
                .plan()
                .job()
                .run();
        image = images.open(
                file,
                OpenOptions.DEFAULT
                        .withFormat("qcow2")
                        .withWritable(true)
                        .withDriverOptions(DottedOptions.EMPTY.with("overlap-check", guarded)));
        ByteBuffer piece = ByteBuffer.allocate(1 << 20);
        for (long at = 0; at < SIZE; at += piece.capacity()) {
            image.write(piece.clear(), at);
        }
        for (int i = 0; i < bitmaps; i++) {
            image.capability(Bitmaps.class).orElseThrow().add("bitmap" + i, 65536, true);
        }
    }

    /** Deletes the image. */
    @TearDown
    public void close() throws IOException {
        image.close();
        Files.delete(file);
    }

    /** What a thread writes from. */
    @State(Scope.Thread)
    public static class Buffer {
        private final ByteBuffer bytes = ByteBuffer.allocateDirect(BLOCK_BYTES);
    }

    /** One write. */
    @Benchmark
    public void write(Buffer buffer) throws IOException {
        image.write(buffer.bytes.clear(), ThreadLocalRandom.current().nextLong(SIZE / BLOCK_BYTES) * BLOCK_BYTES);
    }
}
