package io.jimg.qcow2;

import io.jimg.DiskImage;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.capability.Measurement;
import io.jimg.crypto.LuksEntropy;
import io.jimg.qcow2.create.Creation;
import io.jimg.qcow2.create.Measuring;
import io.jimg.qcow2.header.HeaderParser;
import io.jimg.qcow2.image.Qcow2Opener;
import io.jimg.qcow2.inspect.Inspector;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ImageFormat;
import io.jimg.spi.ImageWriter;
import io.jimg.spi.MeasureRequest;
import io.jimg.spi.OpenContext;
import io.jimg.spi.Schema;
import io.jimg.storage.Storage;
import io.jimg.validate.Inspection;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The qcow2 driver, versions 2 and 3. */
public final class Qcow2Format implements ImageFormat {

    /** Null for the host's own, which is not loaded before it is needed. */
    private final @Nullable LuksEntropy entropy;

    /** For the service loader; keys and salts come from the host. */
    public Qcow2Format() {
        this.entropy = null;
    }

    /** A driver whose keys and salts come from elsewhere. */
    public Qcow2Format(LuksEntropy entropy) {
        this.entropy = entropy;
    }

    @Override
    public String name() {
        return "qcow2";
    }

    @Override
    public boolean decidesContent(String option) {
        return option.startsWith("encrypt.");
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
        return Qcow2.CREATE;
    }

    @Override
    public Schema amendSchema() {
        return Qcow2AmendOptions.SCHEMA;
    }

    @Override
    public List<String> children() {
        return List.of("backing", "data-file");
    }

    @Override
    public DiskImage open(Storage file, OpenContext context) throws IOException {
        return Qcow2Opener.open(file, context);
    }

    @Override
    public void inspect(Storage file, Inspection inspection) throws IOException {
        Inspector.inspect(file, inspection);
    }

    @Override
    public boolean compresses() {
        return true;
    }

    @Override
    public boolean bitmaps(Options options) {
        Qcow2.Compat compat = options.get(Qcow2.COMPAT);
        return compat == null || compat.version() >= 3;
    }

    @Override
    public void validateCreate(CreateRequest request) throws ImageException {
        Creation.validate(request);
    }

    @Override
    public void create(Storage file, CreateRequest request) throws IOException {
        Creation.create(file, request, entropy);
    }

    @Override
    public Optional<ImageWriter> createWriter(Storage file, CreateRequest request) throws IOException {
        return Creation.createWriter(file, request, entropy);
    }

    @Override
    public boolean encrypts(Options created) {
        return created.has(Qcow2.ENCRYPT_FORMAT) || Boolean.TRUE.equals(created.get(Qcow2.ENCRYPTION));
    }

    @Override
    public DottedOptions openOptions(Options created) {
        String secret = created.get(Qcow2.LUKS.keySecret());
        return secret == null
                ? DottedOptions.EMPTY
                : DottedOptions.EMPTY.with(Qcow2.LUKS.keySecret().name(), secret);
    }

    @Override
    public Measurement measure(MeasureRequest request) throws IOException {
        return Measuring.of(request);
    }
}
