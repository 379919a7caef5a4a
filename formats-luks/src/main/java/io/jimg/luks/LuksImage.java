package io.jimg.luks;

import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.Limits;
import io.jimg.capability.Amendable;
import io.jimg.capability.Resizable;
import io.jimg.crypto.LuksVolume;
import io.jimg.crypto.SectorCipher;
import io.jimg.spi.AbstractBlockDevice;
import io.jimg.spi.Doc;
import io.jimg.spi.OpenContext;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An open LUKS volume. */
final class LuksImage extends AbstractBlockDevice implements DiskImage {
    private final Storage file;
    private final @Nullable Storage header;
    private final LuksVolume volume;
    private final boolean readOnly;
    private final OpenContext context;
    private final CacheMode cache;
    private final Limits limits;
    /** Null where only the header is looked at. */
    private final @Nullable EncryptedBytes bytes;

    private LuksImage(
            Storage file,
            @Nullable Storage header,
            LuksVolume volume,
            @Nullable SectorCipher cipher,
            long payloadOffset,
            OpenContext context)
            throws IOException {
        super(payloadSize(file, payloadOffset));
        this.file = file;
        this.header = header;
        this.volume = volume;
        this.readOnly = !context.writable() || file.readOnly();
        this.context = context;
        this.cache = context.cache();
        this.limits = wholeSectors(file.limits());
        this.bytes = cipher == null ? null : new EncryptedBytes(file, payloadOffset, cipher);
    }

    /**
     * Opens a volume and unlocks it, unless only metadata will be asked.
     *
     * @param header the file with the header; null where {@code file} begins with it
     */
    static LuksImage open(Storage file, @Nullable Storage header, OpenContext context) throws IOException {
        LuksVolume volume = LuksVolume.open(header == null ? file : header, 0, header == null);
        long payloadOffset = volume.header().payloadOffset();
        if (context.inspectOnly()) {
            return new LuksImage(file, header, volume, null, payloadOffset, context);
        }
        context.limits().checkKeyIterations(volume.iterations(), file.name());
        byte[] passphrase = Luks.OPTIONS.passphrase(context.options(), context.secrets());
        try {
            return new LuksImage(file, header, volume, volume.unlockPayload(passphrase), payloadOffset, context);
        } finally {
            Arrays.fill(passphrase, (byte) 0);
        }
    }

    /** The file's bytes behind the header, in whole sectors. */
    private static long payloadSize(Storage file, long payloadOffset) throws IOException {
        long size = (file.size() + SectorCipher.SECTOR - 1) & -SectorCipher.SECTOR;
        if (size < payloadOffset) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "Could not refresh total sector count: Input/output error",
                    file.name(),
                    payloadOffset,
                    null);
        }
        return size - payloadOffset;
    }

    private static Limits wholeSectors(Limits of) {
        int sector = Math.max(SectorCipher.SECTOR, of.requestAlignment());
        return new Limits(
                sector,
                sector,
                sector,
                of.bufferAlignment(),
                Math.max(sector, of.preferredTransfer() / sector * sector),
                Math.max(sector, of.largestTransfer() / sector * sector));
    }

    @Override
    public String format() {
        return "luks";
    }

    @Override
    public String name() {
        return context.imageName(file);
    }

    @Override
    public @Nullable DiskImage backing() {
        return null;
    }

    @Override
    public long allocatedSize() throws IOException {
        return file.allocatedSize();
    }

    @Override
    public Doc formatSpecific() {
        return volume.header().describe(volume.header().payloadOffset() == 0, null);
    }

    @Override
    public boolean encrypted() {
        return true;
    }

    @Override
    public List<Child> children() {
        Child own = new Child("file", file);
        return header == null ? List.of(own) : List.of(new Child("header", header), own);
    }

    @Override
    public <T> Optional<T> capability(Class<T> type) {
        if (type == Resizable.class && !readOnly && bytes != null) {
            Resizable resizable = (newSize, mode, shrink) -> new LuksResize(this, newSize, mode, shrink);
            return Optional.of(type.cast(resizable));
        }
        if (type == Amendable.class && !readOnly) {
            Amendable amendable =
                    (options, force) -> new LuksAmend(this, context.options(), context.secrets(), options, force);
            return Optional.of(type.cast(amendable));
        }
        return Optional.empty();
    }

    /** What changes the header. */
    @FunctionalInterface
    interface HeaderChange {
        /** Makes the change; tells whether there was anything to change. */
        boolean apply(LuksVolume volume) throws IOException;
    }

    /** Changes the header while no request is in flight. */
    boolean change(HeaderChange change) throws IOException {
        return alone(() -> change.apply(volume));
    }

    /** What changes the length of the payload. */
    @FunctionalInterface
    interface Resizing {
        /**
         * Resizes.
         *
         * @return the new size
         */
        long apply(Storage file, long payloadOffset) throws IOException;
    }

    /** Resizes while no request is in flight. */
    long resize(Resizing resizing) throws IOException {
        return alone(() -> {
            long newSize = resizing.apply(file, volume.header().payloadOffset());
            setSize(newSize);
            return newSize;
        });
    }

    @Override
    public Limits limits() {
        return limits;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    protected boolean writeThrough() {
        return cache.writeThrough();
    }

    @Override
    protected void doRead(ByteBuffer destination, long offset) throws IOException {
        bytes().read(destination, offset);
    }

    @Override
    protected void doWrite(ByteBuffer source, long offset) throws IOException {
        bytes().write(source, offset);
    }

    private EncryptedBytes bytes() throws ImageException {
        if (bytes == null) {
            throw new ImageException(ErrorKind.SECRET, "The image was opened for its metadata alone, without its key");
        }
        return bytes;
    }

    @Override
    protected Extent doExtentAt(long offset, long length, int layers) {
        return Extent.opaque(offset, length);
    }

    @Override
    protected void doFlush() throws IOException {
        file.flush();
    }

    @Override
    protected void doClose() throws IOException {
        Storage other = header;
        try (file) {
            if (bytes != null) {
                bytes.close();
            }
            if (!readOnly && !cache.noFlush()) {
                file.flush();
            }
        } finally {
            if (other != null) {
                other.close();
            }
        }
    }
}
