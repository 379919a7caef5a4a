package io.jimg.raw;

import io.jimg.DiskImage;
import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.Options;
import io.jimg.capability.Measurement;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.ImageFormat;
import io.jimg.spi.ImageWriter;
import io.jimg.spi.MeasureRequest;
import io.jimg.spi.OpenContext;
import io.jimg.spi.Schema;
import io.jimg.storage.Sharing;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * The driver of raw images: byte N of the guest's disk is byte N of the file, or of a range of it. A file whose length
 * is not a multiple of 512 is read as if zeroes filled its last sector.
 */
public final class RawFormat implements ImageFormat {
    /** The unit of a disk's size in bytes. */
    static final int SECTOR = 512;

    private static final int PROBE_LAST_RESORT = 1;

    /** Where in the file the disk begins, in bytes. */
    public static final Option<Long> OFFSET = Option.of("offset", OptionType.SIZE, 0L, "");

    /** The disk's size in bytes, a multiple of 512; the rest of the file where it is not given. */
    public static final Option<Long> SIZE = Option.of("size", OptionType.SIZE, "");

    /** The size of a new image in bytes. */
    public static final Option<Long> NEW_SIZE = Option.of("size", OptionType.SIZE, "Virtual disk size");

    private static final Schema OPEN = Schema.of(OFFSET, SIZE);
    private static final Schema CREATE = Schema.of(NEW_SIZE);

    /** Found by {@link java.util.ServiceLoader}. */
    public RawFormat() {}

    @Override
    public String name() {
        return "raw";
    }

    @Override
    public boolean decidesContent(String option) {
        return option.equals(OFFSET.name()) || option.equals(SIZE.name());
    }

    @Override
    public int probe(ByteBuffer head) {
        return PROBE_LAST_RESORT;
    }

    @Override
    public Schema openSchema() {
        return OPEN;
    }

    @Override
    public Schema createSchema() {
        return CREATE;
    }

    @Override
    public Sharing sharing(boolean writable, boolean inspectOnly) {
        return Sharing.ofBytes(writable, inspectOnly);
    }

    @Override
    public DiskImage open(Storage file, OpenContext context) throws IOException {
        Options options = context.options();
        return new RawImage(file, Window.of(file, options.require(OFFSET), options.get(SIZE)), context);
    }

    @Override
    public void create(Storage file, CreateRequest request) throws IOException {
        NewFile.prepare(file, request);
        file.flush();
    }

    @Override
    public Optional<ImageWriter> createWriter(Storage file, CreateRequest request) throws IOException {
        NewFile.prepare(file, request);
        long size = NewFile.roundedSize(request.size());
        return Optional.of(RawWriter.begin(file, size, NewFile.reserves(request)));
    }

    @Override
    public Measurement measure(MeasureRequest request) throws ImageException {
        long size = NewFile.roundedSize(request.size());
        return new Measurement(size, size);
    }
}
