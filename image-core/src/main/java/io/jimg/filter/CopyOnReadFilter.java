package io.jimg.filter;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.OpenOptions;
import io.jimg.Options;
import io.jimg.device.CopyOnReadDevice;
import io.jimg.spi.Schema;

/** The driver {@code copy-on-read}: what is read from beneath the image is kept in it. */
final class CopyOnReadFilter implements ImageFilter {

    @Override
    public String name() {
        return "copy-on-read";
    }

    @Override
    public Schema schema() {
        return Schema.EMPTY;
    }

    @Override
    public DiskImage open(DiskImage inner, Options options, OpenOptions caller) throws ImageException {
        if (inner.readOnly()) {
            throw new ImageException(ErrorKind.READ_ONLY, "Block node is read-only");
        }
        return new FilterImage(name(), "", inner, new CopyOnReadDevice(inner));
    }
}
