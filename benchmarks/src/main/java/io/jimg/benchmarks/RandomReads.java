package io.jimg.benchmarks;

import io.jimg.DiskImage;
import io.jimg.Images;
import java.io.IOException;
import java.nio.ByteBuffer;
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

/** Reads of 4 KiB at random aligned offsets of one open image, by as many threads as JMH's {@code -t} says. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
        value = 1,
        jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED"})
public class RandomReads {
    private static final int BLOCK_BYTES = 4096;

    /** The image's path. */
    @Param("")
    public String image = "";

    private DiskImage open;
    private long blocks;

    /** Opens the image. */
    @Setup
    public void open() throws IOException {
        open = Images.standard().open(Path.of(image));
        blocks = open.size() / BLOCK_BYTES;
    }

    /** Closes the image. */
    @TearDown
    public void close() throws IOException {
        open.close();
    }

    /** What a thread reads into. */
    @State(Scope.Thread)
    public static class Buffer {
        private final ByteBuffer bytes = ByteBuffer.allocateDirect(BLOCK_BYTES);
    }

    /** One read. */
    @Benchmark
    public ByteBuffer read(Buffer buffer) throws IOException {
        buffer.bytes.clear();
        open.read(buffer.bytes, ThreadLocalRandom.current().nextLong(blocks) * BLOCK_BYTES);
        return buffer.bytes;
    }
}
