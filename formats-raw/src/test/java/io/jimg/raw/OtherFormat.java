package io.jimg.raw;

import io.jimg.DiskImage;
import io.jimg.spi.ImageFormat;
import io.jimg.spi.OpenContext;
import io.jimg.spi.Schema;
import io.jimg.storage.Storage;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** A format that is recognised by its first bytes and can do nothing. */
record OtherFormat(byte[] magic) implements ImageFormat {
    @Override
    public String name() {
        return "other";
    }

    @Override
    public int probe(ByteBuffer head) {
        byte[] start = new byte[Math.min(magic.length, head.remaining())];
        head.duplicate().get(start);
        return Arrays.equals(start, magic) ? PROBE_CERTAIN : PROBE_NEVER;
    }

    @Override
    public Schema openSchema() {
        return Schema.EMPTY;
    }

    @Override
    public Schema createSchema() {
        return Schema.EMPTY;
    }

    @Override
    public DiskImage open(Storage file, OpenContext context) {
        throw new UnsupportedOperationException();
    }
}
