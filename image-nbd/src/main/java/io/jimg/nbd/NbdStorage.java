package io.jimg.nbd;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Limits;
import io.jimg.nbd.ExportInfo.Context;
import io.jimg.nbd.wire.Transmission;
import io.jimg.spi.RangeLock;
import io.jimg.storage.HostExtent;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * An export as a storage of fixed length. Requests that do not obey its block sizes become several, of which some read
 * what they then write.
 */
final class NbdStorage implements Storage {
    /** The longest range that is zeroed or trimmed by one request. */
    private static final long LONGEST_RANGE = 1L << 30;

    private static final int PREFERRED = 256 << 10;

    private final Session session;
    private final Identity identity;
    private final String statusContext;
    private final boolean readOnly;
    private final long size;
    private final int block;
    private final int largest;
    /** Held where blocks are written that others may write a part of. */
    private final RangeLock writing = new RangeLock();

    private volatile boolean closed;

    /** Two storages are the same bytes where this is equal. */
    private record Identity(NbdAddress address, String export) {}

    /**
     * An export.
     *
     * @param statusContext the context of metadata that {@link #extentAt} asks for
     */
    NbdStorage(NbdAddress address, String export, Session session, String statusContext, boolean readOnly) {
        this.session = session;
        this.identity = new Identity(address, export);
        this.statusContext = statusContext;
        this.readOnly = readOnly;
        this.size = session.info().size();
        this.block = session.info().blockSizes().minimum();
        this.largest = session.info().blockSizes().maximum();
    }

    @Override
    public String name() {
        return identity.address().imageName(identity.export());
    }

    @Override
    public String protocol() {
        return NbdProtocol.NAME;
    }

    @Override
    public Object identity() {
        return identity;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public long size() throws ImageException {
        requireOpen();
        return size;
    }

    @Override
    public long allocatedSize() throws ImageException {
        requireOpen();
        return UNKNOWN_SIZE;
    }

    @Override
    public Limits limits() {
        int preferred = Math.max(session.info().blockSizes().preferred(), PREFERRED);
        return new Limits(block, block, block, 1, Math.min(preferred, largest), largest);
    }

    @Override
    public String kind() {
        return "NBD nodes";
    }

    @Override
    public void read(ByteBuffer destination, long hostOffset) throws IOException {
        requireOpen();
        int end = destination.limit();
        long inside = Math.max(0, Math.min(destination.remaining(), size - hostOffset));
        destination.limit(destination.position() + (int) inside);
        long offset = hostOffset;
        while (destination.hasRemaining()) {
            int piece = piece(offset, destination.remaining());
            if (piece > 0) {
                long at = offset;
                destination.limit(destination.position() + piece);
                session.order(client -> client.read(destination, at));
                destination.limit(destination.position() + (int) (hostOffset + inside - offset - piece));
                offset += piece;
            } else {
                ByteBuffer whole = readBlock(offset & -block);
                whole.position((int) (offset & (block - 1)));
                whole.limit(whole.position() + Math.min(whole.remaining(), destination.remaining()));
                offset += whole.remaining();
                destination.put(whole);
            }
        }
        destination.limit(end);
        while (destination.hasRemaining()) {
            destination.put((byte) 0);
        }
    }

    /** How many bytes from an offset on can be asked for as they are; 0 where a part of a block comes first. */
    private int piece(long offset, int remaining) {
        return (offset & (block - 1)) == 0 ? Math.min(remaining, largest) & -block : 0;
    }

    private ByteBuffer readBlock(long offset) throws IOException {
        ByteBuffer whole = ByteBuffer.allocate(block);
        session.order(client -> client.read(whole, offset));
        return whole.flip();
    }

    @Override
    public void write(ByteBuffer source, long hostOffset) throws IOException {
        if (!source.hasRemaining()) {
            requireOpen();
            return;
        }
        requireInside(hostOffset, source.remaining());
        try (RangeLock.Held held = lock(hostOffset, source.remaining())) {
            long offset = hostOffset;
            int end = source.limit();
            while (source.position() < end) {
                int piece = piece(offset, end - source.position());
                if (piece > 0) {
                    source.limit(source.position() + piece);
                    writeBlocks(source, offset);
                } else {
                    ByteBuffer whole = readBlock(offset & -block);
                    int from = (int) (offset & (block - 1));
                    piece = Math.min(block - from, end - source.position());
                    source.limit(source.position() + piece);
                    whole.position(from).put(source).clear();
                    writeBlocks(whole, offset & -block);
                }
                source.limit(end);
                offset += piece;
            }
        }
    }

    @Override
    public Outcome writeDurably(ByteBuffer source, long hostOffset) throws IOException {
        int length = source.remaining();
        requireInside(hostOffset, length);
        if (!session.info().has(Transmission.SEND_FUA) || length > largest || !inBlocks(hostOffset, length)) {
            return Outcome.UNSUPPORTED;
        }
        try (RangeLock.Held held = lock(hostOffset, length)) {
            session.order(client -> client.write(source, hostOffset, true));
        }
        return Outcome.DONE;
    }

    private void writeBlocks(ByteBuffer source, long offset) throws IOException {
        session.order(client -> client.write(source, offset, false));
    }

    /** Locks the blocks of a range, where a block is more than a byte. */
    private RangeLock.Held lock(long offset, long length) {
        long start = offset & -block;
        return writing.lock(start, block == 1 ? 0 : ((offset + length + block - 1) & -block) - start);
    }

    @Override
    public Outcome zero(long hostOffset, long length, boolean keepAllocated) throws IOException {
        requireInside(hostOffset, length);
        if (!session.info().has(Transmission.SEND_WRITE_ZEROES) || !inBlocks(hostOffset, length)) {
            return Outcome.UNSUPPORTED;
        }
        if (!keepAllocated && zeroIfFast(hostOffset, length) == Outcome.DONE) {
            return Outcome.DONE;
        }
        try (RangeLock.Held held = lock(hostOffset, length)) {
            zeroes(hostOffset, length, largest, keepAllocated ? Transmission.FLAG_NO_HOLE : 0);
        }
        return Outcome.DONE;
    }

    @Override
    public Outcome zeroIfFast(long hostOffset, long length) throws IOException {
        requireInside(hostOffset, length);
        if (!session.info().has(Transmission.SEND_WRITE_ZEROES)
                || !session.info().has(Transmission.SEND_FAST_ZERO)
                || !inBlocks(hostOffset, length)) {
            return Outcome.UNSUPPORTED;
        }
        try (RangeLock.Held held = lock(hostOffset, length)) {
            zeroes(hostOffset, length, LONGEST_RANGE, Transmission.FLAG_FAST_ZERO);
            return Outcome.DONE;
        } catch (ImageException refused) {
            if (refused.kind() == ErrorKind.UNSUPPORTED) {
                return Outcome.UNSUPPORTED;
            }
            throw refused;
        }
    }

    private void zeroes(long hostOffset, long length, long most, int flags) throws IOException {
        for (long done = 0; done < length; ) {
            long from = hostOffset + done;
            long piece = Math.min(most, length - done);
            session.order(client -> client.writeZeroes(from, piece, flags));
            done += piece;
        }
    }

    private boolean inBlocks(long offset, long length) {
        return ((offset | length) & (block - 1)) == 0;
    }

    /** {@inheritDoc} A server may keep what it was told to trim, so only fast zeroes will do. */
    @Override
    public Outcome punch(long hostOffset, long length) throws IOException {
        requireWritable();
        long inside = Math.min(length, size - hostOffset);
        return inside <= 0 ? Outcome.DONE : zeroIfFast(hostOffset, inside);
    }

    @Override
    public void discard(long hostOffset, long length) throws IOException {
        requireInside(hostOffset, length);
        if (!session.info().has(Transmission.SEND_TRIM)) {
            return;
        }
        long first = (hostOffset + block - 1) & -block;
        long end = (hostOffset + length) & -block;
        while (first < end) {
            long from = first;
            long piece = Math.min(LONGEST_RANGE, end - first);
            session.order(client -> client.trim(from, piece));
            first += piece;
        }
    }

    @Override
    public Outcome allocate(long hostOffset, long length) throws IOException {
        requireInside(hostOffset, length);
        return Outcome.UNSUPPORTED;
    }

    @Override
    public void truncate(long newSize) throws ImageException {
        requireWritable();
        if (newSize != size) {
            throw new ImageException(
                    newSize > size ? ErrorKind.NO_SPACE : ErrorKind.UNSUPPORTED,
                    "Cannot " + (newSize > size ? "grow " : "resize ") + kind(),
                    name(),
                    ImageException.NO_OFFSET,
                    null);
        }
    }

    @Override
    public boolean growsWithZeroes() {
        return false;
    }

    /**
     * {@inheritDoc} What the context says is taken as QEMU takes it, whatever the context: its first bit for not being
     * data, its second for being zero.
     */
    @Override
    public HostExtent extentAt(long hostOffset, long length) throws IOException {
        requireOpen();
        if (hostOffset >= size) {
            return new HostExtent(hostOffset, length, true);
        }
        long wanted = Math.min(length, size - hostOffset);
        long from = hostOffset & -block;
        long end = Math.min(hostOffset + wanted, from + LONGEST_RANGE);
        long asked = ((end + block - 1) & -block) - from;
        StatusExtent extent = session.ask(client -> status(client, from, asked));
        long status = extent.status();
        if (statusContext.equals(Transmission.ALLOCATION_DEPTH)) {
            // Which of the layers beneath it is does not fit into two bits.
            status = Math.min(status, 2);
        }
        return new HostExtent(
                hostOffset,
                Math.min(wanted, Math.max(1, from + extent.length() - hostOffset)),
                (status & Transmission.STATE_HOLE) == 0,
                (status & Transmission.STATE_ZERO) != 0);
    }

    /** One extent; all is data where the server has nothing to say. */
    private StatusExtent status(NbdClient client, long offset, long length) throws IOException {
        for (Context context : client.info().contexts()) {
            if (context.name().equals(statusContext)) {
                List<StatusExtent> extents = client.blockStatus(context, offset, length, true);
                return extents.get(0);
            }
        }
        return new StatusExtent(length, 0);
    }

    @Override
    public Outcome copyFrom(Storage source, long sourceOffset, long hostOffset, long length) throws ImageException {
        requireInside(hostOffset, length);
        return Outcome.UNSUPPORTED;
    }

    @Override
    public void flush() throws IOException {
        requireOpen();
        if (session.info().has(Transmission.SEND_FLUSH)) {
            session.order(client -> client.flush());
        }
    }

    @Override
    public void close() {
        closed = true;
        session.close();
    }

    private void requireInside(long hostOffset, long length) throws ImageException {
        requireWritable();
        if (hostOffset < 0 || length > size - hostOffset) {
            throw new ImageException(
                    ErrorKind.NO_SPACE, "No space left on device", name(), ImageException.NO_OFFSET, null);
        }
    }

    private void requireWritable() throws ImageException {
        requireOpen();
        if (readOnly) {
            throw new ImageException(ErrorKind.READ_ONLY, "'" + name() + "' is read-only");
        }
    }

    private void requireOpen() throws ImageException {
        if (closed) {
            throw new ImageException(ErrorKind.CLOSED, "'" + name() + "' is closed");
        }
    }
}
