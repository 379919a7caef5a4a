package io.jimg.qcow2.image;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.Limits;
import io.jimg.ZeroMode;
import io.jimg.qcow2.compression.ClusterCompression;
import io.jimg.qcow2.header.CryptMethod;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.IncompatibleFeature;
import io.jimg.qcow2.header.Qcow2Info;
import io.jimg.spi.AbstractBlockDevice;
import io.jimg.spi.Doc;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An open qcow2 image. Ties together the way of a read ({@link GuestReader}), of a write and the capabilities; each
 * lives in a class of its own.
 */
public final class Qcow2Image extends AbstractBlockDevice implements DiskImage {
    private final ImageFiles files;
    private final Header header;
    private final Limits limits;
    private final @Nullable GuestReader reader;
    private final @Nullable WritePath writePath;
    private final ExtentView extents;
    private final Capabilities capabilities;
    private final ClusterCompression compression;

    Qcow2Image(
            ImageFiles files,
            Header header,
            GuestMap map,
            @Nullable GuestReader reader,
            @Nullable WritePath writePath,
            ClusterCompression compression,
            Capabilities capabilities) {
        super(header.size());
        this.files = files;
        this.header = header;
        this.reader = reader;
        this.writePath = writePath;
        this.compression = compression;
        this.capabilities = capabilities;
        this.limits = limits(map);
        this.extents = new ExtentView(map.mapper(), files);
    }

    static Limits limits(GuestMap map) {
        return Limits.BYTES.withCluster(map.codec().geometry().clusterSize());
    }

    @Override
    public Limits limits() {
        return limits;
    }

    @Override
    public boolean readOnly() {
        return writePath == null;
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
        Storage data = files.data();
        return files.file().allocatedSize() + (files.externalData() && data != null ? data.allocatedSize() : 0);
    }

    @Override
    public Doc formatSpecific() throws IOException {
        return Qcow2Info.of(header, BitmapReader.read(files.file(), header));
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
    public boolean dirty() {
        return writePath != null ? writePath.dirty() : header.incompatible().has(IncompatibleFeature.DIRTY);
    }

    @Override
    public List<Child> children() {
        List<Child> children = new ArrayList<>();
        children.add(new Child("file", files.file()));
        Storage data = files.data();
        if (files.externalData() && data != null) {
            children.add(new Child("data-file", data));
        }
        return children;
    }

    @Override
    public <T> Optional<T> capability(Class<T> type) {
        return capabilities.find(type);
    }

    @Override
    protected void doRead(ByteBuffer destination, long offset) throws IOException {
        if (reader == null) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED, "The image was opened for its metadata alone", name(), offset, null);
        }
        if (writePath == null) {
            reader.read(destination, offset);
            return;
        }
        long token = writePath.enter();
        try {
            reader.read(destination, offset);
        } finally {
            writePath.leave(token);
        }
    }

    @Override
    protected void doWrite(ByteBuffer source, long offset) throws IOException {
        writePath().write(source, offset);
    }

    @Override
    protected void doWriteZeroes(long offset, long length, ZeroMode mode) throws IOException {
        writePath().zero(offset, length, mode);
    }

    @Override
    protected void doDiscard(long offset, long length) throws IOException {
        writePath().discard(offset, length);
    }

    @Override
    protected Extent doExtentAt(long offset, long length, int layers) throws IOException {
        if (writePath == null) {
            return extents.at(offset, length, layers);
        }
        // Metadata is read for the answer; its clusters, too, are used again only when nobody reads them.
        long token = writePath.enter();
        try {
            return extents.at(offset, length, layers);
        } finally {
            writePath.leave(token);
        }
    }

    @Override
    protected boolean writeThrough() {
        return writePath != null && writePath.writeThrough();
    }

    @Override
    protected void doFlush() throws IOException {
        writePath().flush();
    }

    @Override
    protected void doClose() throws IOException {
        try (ImageFiles toClose = files;
                ClusterCompression closedFirst = compression) {
            if (writePath != null) {
                writePath.finish();
            }
        }
    }

    private WritePath writePath() {
        return Objects.requireNonNull(writePath, "the base lets no write through to a read-only image");
    }
}
