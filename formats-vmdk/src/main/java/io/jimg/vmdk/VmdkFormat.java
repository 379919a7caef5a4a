package io.jimg.vmdk;

import io.jimg.DiskImage;
import io.jimg.ImageException;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.ImageFormat;
import io.jimg.spi.ImageWriter;
import io.jimg.spi.OpenContext;
import io.jimg.spi.Schema;
import io.jimg.storage.Storage;
import io.jimg.validate.Inspection;
import io.jimg.vmdk.create.Creation;
import io.jimg.vmdk.image.VmdkOpener;
import io.jimg.vmdk.inspect.Inspector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.function.IntSupplier;

/** The VMDK driver: hosted disks of every kind, and those of ESX Server. */
public final class VmdkFormat implements ImageFormat {
    private final IntSupplier random;

    /** For the service loader. */
    public VmdkFormat() {
        this(() -> new SecureRandom().nextInt());
    }

    /**
     * A driver whose outputs can be told beforehand.
     *
     * @param random gives the content identifiers (CIDs) of new images and of images that are written
     */
    public VmdkFormat(IntSupplier random) {
        this.random = random;
    }

    @Override
    public String name() {
        return "vmdk";
    }

    @Override
    public int probe(ByteBuffer head) {
        return VmdkOpener.looksLikeImage(head) ? PROBE_CERTAIN : PROBE_NEVER;
    }

    @Override
    public Schema openSchema() {
        return Schema.EMPTY;
    }

    @Override
    public Schema createSchema() {
        return Vmdk.CREATE;
    }

    @Override
    public List<String> children() {
        return List.of("backing", "extents");
    }

    @Override
    public DiskImage open(Storage file, OpenContext context) throws IOException {
        return VmdkOpener.open(file, context, random);
    }

    @Override
    public void inspect(Storage file, Inspection inspection) throws IOException {
        Inspector.inspect(file, inspection);
    }

    /** As QEMU takes it: what is to be compressed stays plain where the subformat does not compress. */
    @Override
    public boolean compresses() {
        return true;
    }

    @Override
    public void validateCreate(CreateRequest request) throws ImageException {
        Creation.validate(request);
    }

    @Override
    public void create(Storage file, CreateRequest request) throws IOException {
        Creation.create(file, request, random);
    }

    @Override
    public Optional<ImageWriter> createWriter(Storage file, CreateRequest request) throws IOException {
        return Optional.of(Creation.createWriter(file, request, random));
    }
}
