package io.jimg.host.deflate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("quick")
class DeflateLibraryTest {

    static Stream<DeflateLibrary> libraries() {
        return Stream.concat(DeflateLibrary.libdeflate().stream(), Stream.of(DeflateLibrary.java()));
    }

    @ParameterizedTest
    @MethodSource("libraries")
    void eachReadsWhatEachWrites(DeflateLibrary library) {
        for (int size : new int[] {0, 1, 100, 65536, 300_000}) {
            byte[] content = text(size);
            for (int level = 1; level <= library.highestLevel() + 1; level += 4) {
                for (boolean direct : new boolean[] {false, true}) {
                    ByteBuffer stream = buffer(new byte[size + 64], direct);
                    stream.position(3);
                    try (RawDeflater deflater = library.newDeflater(level)) {
                        ByteBuffer input = buffer(content, direct).asReadOnlyBuffer();
                        assertThat(deflater.deflate(input, stream)).isTrue();
                        assertThat(input.hasRemaining()).isFalse();
                    }
                    int end = stream.position();
                    libraries().forEach(reader -> {
                        try (RawInflater inflater = reader.newInflater()) {
                            ByteBuffer input = stream.duplicate().clear().position(3);
                            ByteBuffer output =
                                    buffer(new byte[size + 5], direct).position(5);
                            assertThat(inflater.inflate(input.asReadOnlyBuffer(), output.duplicate()))
                                    .isEqualTo(RawInflater.End.STREAM_END);
                            assertThat(inflater.inflate(input, output)).isEqualTo(RawInflater.End.STREAM_END);
                            assertThat(input.position()).isEqualTo(end);
                            assertThat(output.hasRemaining()).isFalse();
                            assertThat(output.position(5)).isEqualTo(ByteBuffer.wrap(content));
                        }
                    });
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("libraries")
    void saysWhenItDoesNotFitAndWhenItJustFits(DeflateLibrary library) {
        byte[] content = text(65536);
        try (RawDeflater deflater = library.newDeflater(6)) {
            ByteBuffer whole = ByteBuffer.allocateDirect(70000);
            assertThat(deflater.deflate(ByteBuffer.wrap(content), whole)).isTrue();
            int length = whole.position();

            // libdeflate wants a few bytes more than it uses before it says that a stream fits.
            ByteBuffer exact = ByteBuffer.allocateDirect(length + (library == DeflateLibrary.java() ? 0 : 16));
            assertThat(deflater.deflate(ByteBuffer.wrap(content), exact)).isTrue();
            assertThat(exact.position()).isEqualTo(length);
            assertThat(exact.flip()).isEqualTo(whole.flip());

            ByteBuffer small = ByteBuffer.allocateDirect(length - 1 + 2).position(2);
            ByteBuffer input = ByteBuffer.wrap(content);
            assertThat(deflater.deflate(input, small)).isFalse();
            assertThat(input.position()).isZero();
            assertThat(small.position()).isEqualTo(2);
            assertThat(deflater.deflate(input, ByteBuffer.allocate(0))).isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource("libraries")
    void saysHowAStreamIsBad(DeflateLibrary library) {
        byte[] content = text(65536);
        byte[] stream = new byte[65536];
        int length;
        try (RawDeflater deflater = library.newDeflater(6)) {
            ByteBuffer output = ByteBuffer.wrap(stream);
            assertThat(deflater.deflate(ByteBuffer.wrap(content), output)).isTrue();
            length = output.position();
        }
        try (RawInflater inflater = library.newInflater()) {
            ByteBuffer output = ByteBuffer.allocateDirect(1000);
            ByteBuffer input = ByteBuffer.wrap(stream);
            assertThat(inflater.inflate(input, output)).isEqualTo(RawInflater.End.OUTPUT_FULL);
            assertThat(input.position()).isZero();
            assertThat(output.flip()).isEqualTo(ByteBuffer.wrap(content, 0, 1000));

            output = ByteBuffer.allocateDirect(70000);
            assertThat(inflater.inflate(ByteBuffer.wrap(stream, 0, length - 1), output))
                    .isEqualTo(RawInflater.End.INPUT_ENDED);
            assertThat(inflater.inflate(ByteBuffer.allocate(0), output)).isEqualTo(RawInflater.End.INPUT_ENDED);

            output.clear();
            assertThat(inflater.inflate(ByteBuffer.wrap(new byte[] {7, -1, -1, 3}), output))
                    .isEqualTo(RawInflater.End.CORRUPT);
            assertThat(inflater.inflate(ByteBuffer.wrap(stream), output)).isEqualTo(RawInflater.End.STREAM_END);
            ByteBuffer readOnly = ByteBuffer.allocateDirect(70000).asReadOnlyBuffer();
            assertThatThrownBy(() -> inflater.inflate(ByteBuffer.wrap(stream), readOnly))
                    .isInstanceOf(ReadOnlyBufferException.class);
        }
    }

    @Test
    void refusesUseAfterClose() {
        assumeTrue(DeflateLibrary.libdeflate().isPresent(), "no libdeflate here");
        RawDeflater deflater = DeflateLibrary.libdeflate().get().newDeflater(1);
        deflater.close();
        deflater.close();
        assertThatThrownBy(() -> deflater.deflate(ByteBuffer.allocate(1), ByteBuffer.allocate(100)))
                .isInstanceOf(IllegalStateException.class);
    }

    private static ByteBuffer buffer(byte[] content, boolean direct) {
        return direct ? ByteBuffer.allocateDirect(content.length).put(content).flip() : ByteBuffer.wrap(content);
    }

    /** Bytes that compress to about a half. */
    private static byte[] text(int size) {
        Random random = new Random(size);
        byte[] content = new byte[size];
        for (int i = 0; i < size; i++) {
            content[i] = (byte) ("aaaaeeiostnr".charAt(random.nextInt(12)) + (random.nextInt(50) == 0 ? 5 : 0));
        }
        return content;
    }
}
