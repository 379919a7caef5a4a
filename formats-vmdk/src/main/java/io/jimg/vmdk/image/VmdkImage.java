package io.jimg.vmdk.image;

import io.jimg.DiskImage;
import io.jimg.Extent;
import io.jimg.Limits;
import io.jimg.ZeroMode;
import io.jimg.capability.BackingLink;
import io.jimg.capability.Checkable;
import io.jimg.capability.CompressedRuns;
import io.jimg.capability.Emptiable;
import io.jimg.capability.Rebasable;
import io.jimg.capability.Repairable;
import io.jimg.capability.Resizable;
import io.jimg.spi.AbstractBlockDevice;
import io.jimg.spi.Doc;
import io.jimg.spi.OpenContext;
import io.jimg.storage.Storage;
import io.jimg.vmdk.descriptor.Descriptor;
import io.jimg.vmdk.extent.DiskExtent;
import io.jimg.vmdk.sparse.SparseExtent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An open image: requests are cut at the borders of its extents. */
public final class VmdkImage extends AbstractBlockDevice implements DiskImage {
    static final String FORMAT = "vmdk";

    private volatile Parts parts;
    private final ContentId contentId;
    private final @Nullable DiskImage parent;
    private final OpenContext context;
    private final boolean writable;
    private final Limits limits;

    VmdkImage(Parts parts, ContentId contentId, @Nullable DiskImage parent, OpenContext context) {
        super(parts.size());
        this.parts = parts;
        this.contentId = contentId;
        this.parent = parent;
        this.context = context;
        this.writable = context.writable() && !parts.file().readOnly();
        int grain = clusterSize();
        this.limits = grain == 0 ? Limits.BYTES : Limits.BYTES.withCluster(grain);
    }

    @Override
    public String format() {
        return FORMAT;
    }

    @Override
    public String name() {
        return context.imageName(parts.file());
    }

    @Override
    public @Nullable DiskImage backing() {
        return parent;
    }

    @Override
    public Limits limits() {
        return limits;
    }

    @Override
    public boolean readOnly() {
        return !writable;
    }

    @Override
    public int clusterSize() {
        for (Part part : parts.list()) {
            if (part.extent().grainSize() > 0) {
                return part.extent().grainSize();
            }
        }
        return 0;
    }

    @Override
    public boolean dirty() {
        return !writable && parts.list().stream().anyMatch(part -> part.extent().unclean());
    }

    @Override
    public long allocatedSize() throws IOException {
        long total = 0;
        for (Storage file : parts.files()) {
            total += file.allocatedSize();
        }
        return total;
    }

    @Override
    public Doc formatSpecific() {
        return VmdkInfo.of(contentId.descriptor(), parts);
    }

    /** The extents' files, the last one first as QEMU lists them, and then the file of the descriptor. */
    @Override
    public List<Child> children() {
        List<Child> children = new ArrayList<>();
        for (int i = parts.list().size() - 1; i >= 0; i--) {
            Storage file = parts.list().get(i).extent().file();
            if (file != null && file != parts.file()) {
                children.add(new Child("extents." + i, file));
            }
        }
        children.add(new Child("file", parts.file()));
        return children;
    }

    @Override
    public <T> Optional<T> capability(Class<T> type) {
        if (type == BackingLink.class) {
            return Optional.of(type.cast(new ParentLink(this)));
        }
        if (type == Checkable.class || (type == Repairable.class && writable)) {
            return Optional.of(type.cast(new ImageCheck(this)));
        }
        if (writable && (type == Rebasable.class || (type == Emptiable.class && parent != null))) {
            return Optional.of(type.cast(new ParentChange(this)));
        }
        if (writable && type == Resizable.class) {
            return Optional.of(type.cast(new ImageResize(this)));
        }
        if (type == VmdkImage.class) {
            return Optional.of(type.cast(this));
        }
        if (type == CompressedRuns.class
                && parts.list().size() == 1
                && parts.list().get(0).extent() instanceof SparseExtent sparse
                && sparse.compressed()) {
            return Optional.of(type.cast(new StoredGrains(this, sparse)));
        }
        return Optional.empty();
    }

    @Override
    protected void doRead(ByteBuffer destination, long offset) throws IOException {
        int limit = destination.limit();
        for (long at = offset; destination.position() < limit; ) {
            Part part = parts.at(at);
            int length = (int) Math.min(limit - destination.position(), part.end() - at);
            part.extent().read(destination.limit(destination.position() + length), at - part.start());
            destination.limit(limit);
            at += length;
        }
    }

    @Override
    protected void doWrite(ByteBuffer source, long offset) throws IOException {
        beforeChange(offset, source.remaining());
        int limit = source.limit();
        for (long at = offset; source.position() < limit; ) {
            Part part = parts.at(at);
            int length = (int) Math.min(limit - source.position(), part.end() - at);
            part.extent().write(source.limit(source.position() + length), at - part.start());
            source.limit(limit);
            at += length;
        }
    }

    @Override
    protected void doWriteZeroes(long offset, long length, ZeroMode mode) throws IOException {
        beforeChange(offset, length);
        forEach(offset, length, (extent, at, some) -> extent.zero(at, some, mode));
    }

    @Override
    protected void doDiscard(long offset, long length) throws IOException {
        beforeChange(offset, length);
        forEach(offset, length, DiskExtent::discard);
    }

    /** What is refused changes nothing, the content's identifier included. */
    private void beforeChange(long offset, long length) throws IOException {
        forEach(offset, length, (extent, at, some) -> extent.requireWritable());
        contentId.beforeWrite();
    }

    /** Does something with a range of an extent. */
    private interface Step {
        void run(DiskExtent extent, long offset, long length) throws IOException;
    }

    private void forEach(long offset, long length, Step step) throws IOException {
        for (long at = offset; at < offset + length; ) {
            Part part = parts.at(at);
            long some = Math.min(offset + length, part.end()) - at;
            step.run(part.extent(), at - part.start(), some);
            at += some;
        }
    }

    @Override
    protected Extent doExtentAt(long offset, long length, int layers) throws IOException {
        Part part = parts.at(offset);
        long within = offset - part.start();
        Extent extent = part.extent()
                .at(within, Math.min(length, part.extent().size() - within))
                .at(offset);
        if (extent.present() || parent == null) {
            return extent;
        }
        long inside = Math.min(extent.length(), parent.size() - offset);
        if (inside <= 0) {
            return Extent.absent(offset, extent.length(), true);
        }
        return layers == 1
                ? Extent.absent(offset, inside, false)
                : parent.extentAt(offset, inside, layers - 1).deeper();
    }

    @Override
    protected boolean writeThrough() {
        return writable && context.cache().writeThrough();
    }

    @Override
    protected void doFlush() throws IOException {
        parts.file().flush();
        for (Part part : parts.list()) {
            part.extent().flush();
        }
    }

    @Override
    protected void doClose() throws IOException {
        try (DiskImage closedLast = parent;
                Parts closed = parts) {
            if (writable && !context.cache().noFlush()) {
                doFlush();
            }
            if (writable) {
                for (Part part : parts.list()) {
                    part.extent().finish();
                }
            }
        }
    }

    // ---- for the capabilities --------------------------------------------------------------------------------------

    /** Identifies the content, as children remember it: 32 bits. */
    public long cid() {
        return descriptor().cid();
    }

    /** What the descriptor says now. */
    Descriptor descriptor() {
        return contentId.descriptor();
    }

    OpenContext context() {
        return context;
    }

    /**
     * A use of the image.
     *
     * @param <T> its result
     */
    interface Use<T> {
        T run() throws IOException;
    }

    /** Uses the image in a request. */
    <T> T request(Use<T> use) throws IOException {
        return asRequest(use::run);
    }

    /**
     * A look at the files, or a change of them.
     *
     * @param <T> its result
     */
    interface Work<T> {
        T on(Parts parts) throws IOException;
    }

    /** Works on the files while nobody else uses the image and all that it knows is in them. */
    <T> T undisturbed(Work<T> work) throws IOException {
        return alone(() -> {
            if (writable) {
                doFlush();
            }
            return work.on(parts);
        });
    }

    /** Has other extents from now on; within {@link #undisturbed}. */
    void replace(Parts changed) {
        parts = changed;
        setSize(changed.size());
    }

    ContentId contentId() {
        return contentId;
    }
}
