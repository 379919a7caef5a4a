package io.jimg.filter;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.OpenOptions;
import io.jimg.Options;
import io.jimg.capability.CompressedWrite;
import io.jimg.spi.Schema;

/** The driver {@code compress}: what is written is compressed, whole runs at a time. */
final class CompressFilter implements ImageFilter {

    @Override
    public String name() {
        return "compress";
    }

    @Override
    public Schema schema() {
        return Schema.EMPTY;
    }

    @Override
    public DiskImage open(DiskImage inner, Options options, OpenOptions caller) throws ImageException {
        if (inner.readOnly()) {
            return new FilterImage(name(), "", inner, inner);
        }
        CompressedWrite writer = inner.capability(CompressedWrite.class)
                .orElseThrow(() -> new ImageException(
                        ErrorKind.UNSUPPORTED,
                        "Compression is not supported for underlying format: " + inner.format()));
        return new FilterImage(name(), "", inner, new CompressingDevice(inner, writer));
    }
}
