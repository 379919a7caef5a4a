package io.jimg.luks;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.capability.Measurement;
import io.jimg.crypto.LuksEntropy;
import io.jimg.crypto.LuksHeader;
import io.jimg.crypto.LuksInspection;
import io.jimg.crypto.LuksVolume;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ImageFormat;
import io.jimg.spi.ImageWriter;
import io.jimg.spi.MeasureRequest;
import io.jimg.spi.OpenContext;
import io.jimg.spi.OpenGate;
import io.jimg.spi.Schema;
import io.jimg.storage.Sharing;
import io.jimg.storage.Storage;
import io.jimg.validate.Inspection;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The driver of LUKS 1 volumes, LUKS On-Disk Format 1.2.3: a header with the keys, then the guest's bytes, encrypted
 * sector by sector. The header may be a file of its own, the child {@code header}.
 */
public final class LuksFormat implements ImageFormat {
    private static final String HEADER = "header";

    /** Null for the host's own, which is not loaded before it is needed. */
    private final @Nullable LuksEntropy entropy;

    /** Found by {@link java.util.ServiceLoader}; keys and salts come from the host. */
    public LuksFormat() {
        this.entropy = null;
    }

    /** A driver whose keys and salts come from elsewhere. */
    public LuksFormat(LuksEntropy entropy) {
        this.entropy = entropy;
    }

    private LuksEntropy entropy() {
        return entropy == null ? LuksEntropy.SYSTEM : entropy;
    }

    @Override
    public String name() {
        return "luks";
    }

    @Override
    public boolean decidesContent(String option) {
        return option.equals("key-secret");
    }

    @Override
    public int probe(ByteBuffer head) {
        return LuksHeader.recognises(head) ? PROBE_CERTAIN : PROBE_NEVER;
    }

    @Override
    public Schema openSchema() {
        return Luks.OPEN;
    }

    @Override
    public Schema createSchema() {
        return Luks.CREATE;
    }

    @Override
    public Schema amendSchema() {
        return Luks.AMEND;
    }

    @Override
    public List<String> children() {
        return List.of(HEADER);
    }

    @Override
    public Sharing sharing(boolean writable, boolean inspectOnly) {
        return Sharing.ofBytes(writable, inspectOnly);
    }

    @Override
    public DiskImage open(Storage file, OpenContext context) throws IOException {
        Storage header = context.openStorage(HEADER, OpenGate.Role.EXTENT, null);
        try {
            return LuksImage.open(file, header, context);
        } catch (Throwable failure) {
            if (header != null) {
                try (header) {
                    throw failure;
                }
            }
            throw failure;
        }
    }

    @Override
    public void inspect(Storage file, Inspection inspection) throws IOException {
        LuksInspection.inspect(file, 0, true, inspection);
    }

    @Override
    public void validateCreate(CreateRequest request) throws ImageException {
        Options options = request.options();
        if (options.has(Luks.DETACHED_HEADER)) {
            throw new ImageException(
                    ErrorKind.BAD_OPTION, "Parameter '" + Luks.DETACHED_HEADER.name() + "' is unexpected");
        }
        NewVolume.settle(request).close();
    }

    @Override
    public void create(Storage file, CreateRequest request) throws IOException {
        try (NewVolume volume = NewVolume.settle(request)) {
            volume.create(file, entropy());
        }
    }

    @Override
    public Optional<ImageWriter> createWriter(Storage file, CreateRequest request) throws IOException {
        try (NewVolume volume = NewVolume.settle(request)) {
            return Optional.of(volume.writer(file, entropy()));
        }
    }

    @Override
    public boolean encrypts(Options created) {
        return true;
    }

    @Override
    public DottedOptions openOptions(Options created) {
        String secret = created.get(Luks.OPTIONS.keySecret());
        return secret == null
                ? DottedOptions.EMPTY
                : DottedOptions.EMPTY.with(Luks.OPTIONS.keySecret().name(), secret);
    }

    /** QEMU wants the passphrase even here. */
    @Override
    public Measurement measure(MeasureRequest request) throws IOException {
        Arrays.fill(Luks.OPTIONS.passphrase(request.options(), request.secrets()), (byte) 0);
        long header = LuksVolume.headerLength(
                Luks.OPTIONS.parameters(request.options()).cipher());
        if (request.size() > Long.MAX_VALUE - header) {
            throw new ImageException(ErrorKind.LIMIT, "The image size is too large");
        }
        return new Measurement(header + request.size(), header + request.size());
    }
}
