package io.jimg.qcow2;

import io.jimg.DiskImage;
import io.jimg.qcow2.header.HeaderParser;
import io.jimg.qcow2.image.Qcow2Opener;
import io.jimg.spi.ImageFormat;
import io.jimg.spi.OpenContext;
import io.jimg.spi.Schema;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** The qcow2 driver, versions 2 and 3. */
public final class Qcow2Format implements ImageFormat {

    /** For the service loader. */
    public Qcow2Format() {}

    @Override
    public String name() {
        return "qcow2";
    }

    @Override
    public int probe(ByteBuffer head) {
        return HeaderParser.looksLikeImage(head) ? PROBE_CERTAIN : PROBE_NEVER;
    }

    @Override
    public Schema openSchema() {
        return Qcow2OpenOptions.SCHEMA;
    }

    @Override
    public Schema createSchema() {
        return Schema.EMPTY;
    }

    @Override
    public List<String> children() {
        return List.of("backing", "data-file");
    }

    @Override
    public DiskImage open(Storage file, OpenContext context) throws IOException {
        return Qcow2Opener.open(file, context);
    }
}
