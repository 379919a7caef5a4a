package io.jimg.copy;

import io.jimg.copy.Piece.HostPlace;
import io.jimg.spi.ImageWriter;
import io.jimg.spi.ImageWriter.Placement;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;

/** A new image that is written forwards. */
final class WriterTarget implements CopyTarget {
    private final ImageWriter writer;
    private final boolean compress;

    /**
     * A target.
     *
     * @param compress whether data is compressed, run by run
     */
    WriterTarget(ImageWriter writer, boolean compress) {
        this.writer = writer;
        this.compress = compress;
    }

    @Override
    public int unit() {
        return compress ? writer.runLength() : writer.alignment();
    }

    @Override
    public Placement place(Piece piece) throws IOException {
        switch (piece.kind()) {
            case DATA -> {
                return writer.data(piece.guestOffset(), Objects.requireNonNull(piece.bytes()));
            }
            case COPY -> {
                HostPlace place = Objects.requireNonNull(piece.place());
                return writer.copy(piece.guestOffset(), place.file(), place.hostOffset(), piece.length());
            }
            case COMPRESSED -> {
                return writer.compressed(piece.guestOffset(), Objects.requireNonNull(piece.bytes()));
            }
            case STORED -> {
                return writer.carried(
                        piece.guestOffset(),
                        Objects.requireNonNull(piece.bytes()),
                        Objects.requireNonNull(piece.plain()));
            }
            case ZERO -> {
                writer.zero(piece.guestOffset(), piece.length());
                return Placement.NONE;
            }
            case SKIP -> {
                return Placement.NONE;
            }
            default -> throw new IllegalStateException("a piece that was not worked on: " + piece);
        }
    }

    @Override
    public boolean copies() {
        return writer.copies();
    }

    @Override
    public boolean compress(ByteBuffer source, ByteBuffer destination) throws IOException {
        return writer.compress(source, destination);
    }

    @Override
    public void finish() throws IOException {
        writer.finish();
    }
}
