package io.jimg.qcow2.image;

import io.jimg.DiskImage;
import io.jimg.Extent;
import io.jimg.Limits;
import io.jimg.capability.CompressedRuns;
import io.jimg.qcow2.header.CryptMethod;
import io.jimg.qcow2.header.Header;
import io.jimg.spi.AbstractBlockDevice;
import io.jimg.spi.Doc;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An internal snapshot as a read-only image. The files are the image's and stay open. */
final class SnapshotImage extends AbstractBlockDevice implements DiskImage {
    private final ImageFiles files;
    private final Limits limits;
    private final Header header;
    private final GuestReader reader;
    private final ExtentView extents;
    private final CompressedRuns runs;
    private final Runnable closed;

    SnapshotImage(
            Header header,
            ImageFiles files,
            Limits limits,
            ExtentView extents,
            GuestReader reader,
            CompressedRuns runs,
            Runnable closed) {
        super(header.size());
        this.header = header;
        this.files = files;
        this.limits = limits;
        this.reader = reader;
        this.runs = runs;
        this.closed = closed;
        this.extents = extents;
    }

    @Override
    public Limits limits() {
        return limits;
    }

    @Override
    public boolean readOnly() {
        return true;
    }

    @Override
    public String format() {
        return "qcow2";
    }

    @Override
    public String name() {
        return files.file().name();
    }

    @Override
    public @Nullable DiskImage backing() {
        return files.backing();
    }

    @Override
    public long allocatedSize() throws IOException {
        return files.file().allocatedSize();
    }

    @Override
    public Doc formatSpecific() {
        return Doc.EMPTY;
    }

    @Override
    public int clusterSize() {
        return header.clusterSize();
    }

    @Override
    public boolean encrypted() {
        return header.cryptMethod() != CryptMethod.NONE;
    }

    @Override
    public <T> Optional<T> capability(Class<T> type) {
        return type == CompressedRuns.class ? Optional.of(type.cast(runs)) : Optional.empty();
    }

    @Override
    protected void doRead(ByteBuffer destination, long offset) throws IOException {
        reader.read(destination, offset);
    }

    @Override
    protected void doWrite(ByteBuffer source, long offset) {
        throw new IllegalStateException("a snapshot is read-only");
    }

    @Override
    protected Extent doExtentAt(long offset, long length, int layers) throws IOException {
        return extents.at(offset, length, layers);
    }

    @Override
    protected void doFlush() {}

    @Override
    protected void doClose() {
        closed.run();
    }
}
