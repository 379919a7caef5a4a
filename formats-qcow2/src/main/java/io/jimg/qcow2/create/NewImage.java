package io.jimg.qcow2.create;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.crypto.LuksEntropy;
import io.jimg.qcow2.encryption.GuestData;
import io.jimg.qcow2.encryption.ImageCipher;
import io.jimg.qcow2.encryption.NewEncryption;
import io.jimg.qcow2.header.HeaderWriter;
import io.jimg.qcow2.mapping.EntryCodec;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.qcow2.mapping.Run;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.Zeroes;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The metadata of an image in the making: where guest clusters go, in guest order, and what is written at the end.
 * Layout: header, refcount table, refcount block, L1 table, then what is appended. For one thread.
 */
final class NewImage implements AutoCloseable {
    private final Storage file;
    private final @Nullable Storage dataFile;
    private final ImagePlan plan;
    private final Geometry geometry;
    private final EntryCodec codec;
    private final RefcountBuilder refcounts;
    private final AppendCursor cursor;
    private final GuestTables tables;
    private final CompressedPacker packer;
    private final long tableCluster;
    private final long l1Cluster;
    private final long luksCluster;
    private final @Nullable ImageCipher cipher;
    private final GuestData guestData;

    /** First guest byte that is not mapped yet. */
    private long position;

    /** The guest cluster of which subclusters are mapped one after another, its place and its bitmap so far. */
    private long partCluster = -1;

    private long partHost;
    private long partBitmap;

    /**
     * Begins an image in an empty file.
     *
     * @param request opens the external data file where the plan has one, which belongs to this object, and gives the
     *     passphrase
     * @param entropy where keys and salts come from; null for the host's own
     */
    NewImage(Storage file, ImagePlan plan, CreateRequest request, @Nullable LuksEntropy entropy) throws IOException {
        this.file = file;
        this.plan = plan;
        this.geometry = new Geometry(plan.clusterBits(), plan.extendedL2(), plan.refcountOrder());
        this.codec = new EntryCodec(geometry, plan.version(), plan.dataFile() != null);
        this.refcounts = new RefcountBuilder(file, plan.clusterBits(), plan.refcountOrder());
        this.cursor = new AppendCursor(refcounts, plan.clusterBits());
        this.tables = new GuestTables(file, geometry, cursor, plan.l1Size());
        this.packer = new CompressedPacker(cursor, refcounts, plan.clusterBits());
        // The header's cluster, and one for the refcount table, which is enough for most images.
        this.tableCluster = cursor.takeContiguous(2) + 1;
        this.l1Cluster = cursor.takeContiguous(clusters((long) plan.l1Size() * Long.BYTES));
        NewEncryption encryption = plan.encryption();
        this.luksCluster = encryption == null ? 0 : cursor.takeContiguous(clusters(encryption.headerLength()));
        this.cipher = encryption == null
                ? null
                : encryption.create(
                        file,
                        luksCluster << plan.clusterBits(),
                        request.options(),
                        request.secrets(),
                        entropy == null ? LuksEntropy.SYSTEM : entropy);
        this.dataFile = plan.dataFile() == null ? null : openDataFile(plan, request.files());
        this.guestData = GuestData.of(data(), cipher);
    }

    private static Storage openDataFile(ImagePlan plan, CreateRequest.FileCreator files) throws IOException {
        Storage storage = files.create(Objects.requireNonNull(plan.dataFile()));
        try {
            if (storage.size() < plan.size()) {
                storage.truncate(plan.size());
            }
            return storage;
        } catch (IOException failure) {
            try (storage) {
                throw failure;
            }
        }
    }

    ImagePlan plan() {
        return plan;
    }

    Geometry geometry() {
        return geometry;
    }

    /** The file with the metadata. */
    Storage file() {
        return file;
    }

    /** The file with the guest's bytes. */
    Storage data() {
        return dataFile == null ? file : dataFile;
    }

    /** The way of the guest's bytes to it. */
    GuestData guestData() {
        return guestData;
    }

    // ---- mapping, in guest order -----------------------------------------------------------------------------------

    /** Gives a run of guest bytes host bytes of its own, which hold data. */
    List<Piece> mapData(long guestOffset, long length) throws IOException {
        advance(guestOffset, length);
        return map(guestOffset, length, true);
    }

    /** Gives all guest bytes that are left host bytes of their own, which hold nothing yet. */
    List<Piece> reserveRest() throws IOException {
        long from = position;
        position = plan.size();
        return map(from, plan.size() - from, false);
    }

    /** Makes a run of guest bytes zero where it would not be so anyway. */
    void mapZero(long guestOffset, long length) throws IOException {
        advance(guestOffset, length);
        if (plan.backing() == null) {
            if (plan.dataFileRaw()) {
                map(guestOffset, length, false);
            }
            return;
        }
        if (plan.version() < 3) {
            // There are no zero clusters: zeroes are data. A file that grows with zeroes has them already.
            long at = guestOffset;
            for (Piece piece : map(guestOffset, length, true)) {
                if (cipher != null || !data().growsWithZeroes()) {
                    writeZeroes(piece.hostOffset(), at, clusters(piece.length()) << plan.clusterBits());
                }
                at += piece.length();
            }
            return;
        }
        long end = guestOffset + length;
        for (long at = guestOffset; at < end; ) {
            long cluster = at >>> plan.clusterBits();
            tables.enter(cluster);
            long bytes = Math.min(end, (cluster + 1) << plan.clusterBits()) - at;
            if (plan.extendedL2()) {
                begin(cluster);
                partBitmap |= subclusters(at, bytes) << Geometry.SUBCLUSTERS;
                tables.put(cluster, partHost == Run.NOWHERE ? 0 : codec.dataEntry(partHost), partBitmap);
            } else {
                tables.put(cluster, codec.zeroEntry(Run.NOWHERE, false), 0);
            }
            at += bytes;
            settle();
        }
    }

    /**
     * Finds room for the stream of one guest cluster.
     *
     * @return host offset of its first byte
     */
    long mapCompressed(long guestOffset, int streamLength) throws IOException {
        if (guestOffset % geometry.clusterSize() != 0) {
            throw new IllegalArgumentException("a compressed cluster at " + guestOffset);
        }
        advance(guestOffset, Math.min(geometry.clusterSize(), plan.size() - guestOffset));
        long cluster = guestOffset >>> plan.clusterBits();
        tables.enter(cluster);
        long host = packer.place(streamLength);
        tables.put(cluster, codec.compressedEntry(host, streamLength), 0);
        settle();
        return host;
    }

    private void advance(long guestOffset, long length) throws IOException {
        if (guestOffset < position || length < 0 || guestOffset % geometry.subclusterSize() != 0) {
            throw new IllegalArgumentException(
                    length + " bytes at " + guestOffset + ": not aligned, or before " + position);
        }
        if (length > plan.size() - guestOffset) {
            throw new ImageException(
                    ErrorKind.OUT_OF_RANGE, length + " bytes at " + guestOffset + " lie outside the image");
        }
        if (plan.dataFileRaw() && guestOffset > position) {
            map(position, guestOffset - position, false);
        }
        // The rest of the last subcluster is taken, too.
        long unit = geometry.subclusterSize();
        position = Math.min(plan.size(), (guestOffset + length + unit - 1) & -unit);
    }

    /**
     * Maps guest bytes to host bytes of their own.
     *
     * @param data whether subclusters are marked as data; otherwise only their place is taken
     */
    private List<Piece> map(long guestOffset, long length, boolean data) throws IOException {
        List<Piece> pieces = new ArrayList<>(1);
        long end = guestOffset + length;
        for (long at = guestOffset; at < end; ) {
            tables.enter(at >>> plan.clusterBits());
            boolean part = plan.extendedL2() && (at % geometry.clusterSize() != 0 || end - at < geometry.clusterSize());
            Piece piece = part ? mapPart(at, end, data) : mapWhole(at, end, data);
            Piece.append(pieces, piece.hostOffset(), piece.length());
            at += piece.length();
            settle();
        }
        return pieces;
    }

    /** Maps clusters from a cluster's start on, as far as they can follow one another on the host. */
    private Piece mapWhole(long at, long end, boolean data) throws IOException {
        long cluster = at >>> plan.clusterBits();
        long count = Math.min(clusters(end - at), tables.coveredFrom(cluster));
        if (plan.extendedL2()) {
            count = Math.min(count, (end - at) >>> plan.clusterBits());
        }
        long host = at;
        if (dataFile == null) {
            count = Math.min(count, cursor.contiguous());
            host = cursor.take(count) << plan.clusterBits();
        }
        for (long i = 0; i < count; i++) {
            tables.put(
                    cluster + i, codec.dataEntry(host + (i << plan.clusterBits())), data ? EntryCodec.BITMAP_DATA : 0);
        }
        return new Piece(host, Math.min(end - at, count << plan.clusterBits()));
    }

    /** Maps some subclusters of one cluster, which has its place already if others of it came before. */
    private Piece mapPart(long at, long end, boolean data) throws IOException {
        long cluster = at >>> plan.clusterBits();
        begin(cluster);
        if (partHost == Run.NOWHERE) {
            partHost = dataFile == null ? cursor.take(1) << plan.clusterBits() : cluster << plan.clusterBits();
        }
        long bytes = Math.min(end, (cluster + 1) << plan.clusterBits()) - at;
        if (data) {
            partBitmap |= subclusters(at, bytes);
        }
        tables.put(cluster, codec.dataEntry(partHost), partBitmap);
        return new Piece(partHost + at % geometry.clusterSize(), bytes);
    }

    /** Makes a cluster the one of which subclusters are mapped one after another. */
    private void begin(long cluster) {
        if (cluster != partCluster) {
            partCluster = cluster;
            partHost = Run.NOWHERE;
            partBitmap = 0;
        }
    }

    /** One bit for each subcluster of a range inside a cluster, the last of which may be cut by the disk's end. */
    private long subclusters(long at, long length) {
        long inCluster = at % geometry.clusterSize();
        int size = geometry.subclusterSize();
        return EntryCodec.subclusterMask((int) (inCluster / size), (int) ((inCluster + length + size - 1) / size));
    }

    /** Writes what can't change any more. */
    private void settle() throws IOException {
        refcounts.writeBefore(Math.min(cursor.position(), packer.firstOpenCluster()));
    }

    // ---- the end ---------------------------------------------------------------------------------------------------

    /** Takes the space of the header's cluster, so that a full disk shows before anything else is written. */
    void reserveHeader() throws IOException {
        file.write(ByteBuffer.allocateDirect(geometry.clusterSize()), 0);
    }

    /** Writes all metadata, makes it durable, and then the header. */
    void finish() throws IOException {
        if (plan.dataFileRaw()) {
            reserveRest();
        }
        if (dataFile != null) {
            dataFile.flush();
        }
        tables.finish(l1Cluster << plan.clusterBits());
        long end = cursor.position() == l1Cluster + clusters((long) plan.l1Size() * Long.BYTES)
                ? (l1Cluster << plan.clusterBits()) + (long) plan.l1Size() * Long.BYTES
                : cursor.position() << plan.clusterBits();
        long refcountTable = tableCluster;
        int refcountTableClusters = 1;
        if (clusters(refcounts.blocks() * (long) Long.BYTES) > 1) {
            // The cluster meant for the table is too small: it becomes free, and the table goes to the end.
            refcounts.add(tableCluster, -1);
            refcountTableClusters = largerTable();
            refcountTable = cursor.takeContiguous(refcountTableClusters);
            end = cursor.position() << plan.clusterBits();
        }
        refcounts.finish(refcountTable << plan.clusterBits(), refcountTableClusters);
        if (file.size() < end) {
            file.truncate(end);
        }
        file.flush();
        ByteBuffer first = ByteBuffer.allocateDirect(geometry.clusterSize());
        first.put(HeaderWriter.write(plan.header(
                l1Cluster << plan.clusterBits(),
                refcountTable << plan.clusterBits(),
                refcountTableClusters,
                luksCluster << plan.clusterBits())));
        file.write(first.clear(), 0);
        file.flush();
    }

    /** How many clusters a refcount table at the end needs: it counts itself, too. */
    private int largerTable() {
        long perTableCluster = geometry.clusterSize() / Long.BYTES;
        long tableClusters = 1;
        for (long blocks = 0; blocks != blocksWith(tableClusters); ) {
            blocks = blocksWith(tableClusters);
            tableClusters = (blocks + perTableCluster - 1) / perTableCluster;
        }
        return (int) tableClusters;
    }

    /**
     * Refcount blocks there will be once so many clusters more are used for the table, and those for the blocks
     * themselves.
     */
    private long blocksWith(long tableClusters) {
        long blocks = refcounts.blocks();
        while (cursor.position() + tableClusters + blocks - refcounts.blocks()
                > blocks * refcounts.clustersPerBlock()) {
            blocks++;
        }
        return blocks;
    }

    /** Makes guest bytes zero that have their place. */
    void writeZeroes(long hostOffset, long guestOffset, long length) throws IOException {
        if (cipher == null) {
            writeZeroes(hostOffset, length);
        } else {
            Zeroes.write(length, (zeroes, at) -> guestData.write(zeroes, hostOffset + at, guestOffset + at));
        }
    }

    /** Makes host bytes zero. */
    void writeZeroes(long hostOffset, long length) throws IOException {
        if (data().zero(hostOffset, length, true) == Outcome.UNSUPPORTED) {
            Zeroes.write(length, (zeroes, at) -> data().write(zeroes, hostOffset + at));
        }
    }

    private long clusters(long bytes) {
        return (bytes + geometry.clusterSize() - 1) >>> plan.clusterBits();
    }

    /** Overwrites the key and closes the external data file, where there are such. */
    @Override
    public void close() throws IOException {
        if (cipher != null) {
            cipher.close();
        }
        if (dataFile != null) {
            dataFile.close();
        }
    }
}
