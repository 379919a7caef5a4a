package io.jimg.qcow2.image;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Notices;
import io.jimg.capability.CheckReport;
import io.jimg.qcow2.bitmaps.DirectoryFile;
import io.jimg.qcow2.check.RefcountRebuild;
import io.jimg.qcow2.encryption.ImageCipher;
import io.jimg.qcow2.header.AutoclearFeature;
import io.jimg.qcow2.header.BitmapsExtension;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderExtension;
import io.jimg.qcow2.header.HeaderParser;
import io.jimg.qcow2.header.HeaderRewrite;
import io.jimg.qcow2.header.HostRange;
import io.jimg.qcow2.header.IncompatibleFeature;
import io.jimg.qcow2.snapshot.SnapshotReader;
import io.jimg.spi.Closing;
import io.jimg.spi.OpenContext;
import io.jimg.spi.OpenGate;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Opens images: reads the header, refuses what must not be opened, opens the other files. */
public final class Qcow2Opener {

    private Qcow2Opener() {}

    /** Opens an image; the storage stays the caller's where this throws. */
    public static Qcow2Image open(Storage file, OpenContext context) throws IOException {
        Header header = readHeader(file, context);
        if (header.staleBitmaps()) {
            tellOfStaleBitmaps(header, context.notices());
        }
        refuse(file, context, header);
        if (context.writable() && header.staleBitmaps()) {
            header = header.withExtension(HeaderExtension.BITMAPS, null);
            HeaderRewrite.run(file, header);
        }
        if (context.writable() && !context.toCheck() && header.incompatible().has(IncompatibleFeature.DIRTY)) {
            for (CheckReport.Finding finding : RefcountRebuild.run(file, header).findings()) {
                context.notices().remark(finding.sentence());
            }
            header = readHeader(file);
        }
        return open(file, context, header);
    }

    private static void tellOfStaleBitmaps(Header header, Notices notices) {
        notices.complaint(
                header.version() < 3
                        ? "warning: This qcow2 v2 image contains bitmaps, but they may have been modified by a program"
                                + " without persistent bitmap support; so now they must all be considered inconsistent"
                        : "warning: a program lacking bitmap support modified this file, so all bitmaps are now"
                                + " considered inconsistent");
        notices.hint("Some clusters may be leaked, run 'qemu-img check -r' on the image file to fix.");
    }

    /** Reads the header and changes nothing. */
    public static Header readHeader(Storage file) throws IOException {
        return HeaderParser.parse(firstCluster(file), file.name());
    }

    /** Reads the header; that of an image that is to be checked may be damaged. */
    static Header readHeader(Storage file, OpenContext context) throws IOException {
        return context.toCheck() ? HeaderParser.parseDamaged(firstCluster(file), file.name()) : readHeader(file);
    }

    private static ByteBuffer firstCluster(Storage file) throws IOException {
        ByteBuffer prefix = GuestMap.read(file, 0, HeaderParser.PREFIX_LENGTH);
        return GuestMap.read(file, 0, HeaderParser.firstClusterSize(prefix, file.name()));
    }

    private static void refuse(Storage file, OpenContext context, Header header) throws IOException {
        OptionRules.check(context.options(), header);
        context.limits().checkMetadata(tables(header), file.name());
        context.limits().checkRun(header.clusterSize(), file.name());
        if (context.writable() && !context.toCheck() && header.incompatible().has(IncompatibleFeature.CORRUPT)) {
            throw fail(file, ErrorKind.CORRUPT, "qcow2: Image is corrupt; cannot be opened read/write");
        }
        if (header.autoclear().has(AutoclearFeature.RAW_EXTERNAL_DATA)
                && !header.hasDataFile()
                && !context.inspectOnly()) {
            throw fail(file, ErrorKind.CORRUPT, "data-file-raw requires a data file");
        }
        HostRange.require("Could not read L1 table", header.l1TableOffset(), file.name());
        // Read for what is wrong with them alone: nobody shall build on an image that QEMU does not open.
        if (!context.toCheck()) {
            SnapshotReader.read(file, header);
        }
        DirectoryFile.read(file, header);
    }

    /** Bytes of the tables that stay in memory, and of the bitmap directory, which does not. */
    private static long tables(Header header) {
        long l1 = Math.max(header.l1EntriesNeeded(), header.l1Size()) * Long.BYTES;
        long refcounts = Integer.toUnsignedLong(header.refcountTableClusters()) << header.clusterBits();
        BitmapsExtension bitmaps = header.bitmaps();
        return l1 + refcounts + (bitmaps == null ? 0 : bitmaps.directorySize());
    }

    private static Qcow2Image open(Storage file, OpenContext context, Header header) throws IOException {
        Storage externalData = null;
        DiskImage backing = null;
        ImageCipher cipher = null;
        try {
            cipher = ImageCipher.open(
                    file, header, context.options(), context.secrets(), !context.inspectOnly(), context.limits());
            externalData = openDataFile(file, context, header);
            backing = context.openBacking(header.backingName(), header.backingFormat());
            ImageFiles files = new ImageFiles(
                    file,
                    header.hasDataFile() ? externalData : file,
                    dataName(file, header, externalData),
                    header.hasDataFile(),
                    backing);
            Foundation foundation = Foundation.of(files, context, header, cipher);
            return new Qcow2Image(foundation, new Qcow2Loader(foundation, header).load());
        } catch (Throwable failure) {
            Closing.after(failure, externalData, backing, cipher);
            throw failure;
        }
    }

    private static @Nullable Storage openDataFile(Storage file, OpenContext context, Header header) throws IOException {
        if (context.inspectOnly()) {
            return null;
        }
        Storage data = context.openStorage("data-file", OpenGate.Role.DATA_FILE, header.dataFileName());
        if (header.hasDataFile() && data == null) {
            throw fail(file, ErrorKind.BAD_OPTION, "'data-file' is required for this image");
        }
        if (!header.hasDataFile() && data != null) {
            ImageException failure = fail(
                    file, ErrorKind.BAD_OPTION, "'data-file' can only be set for images with an external data file");
            Closing.after(failure, data);
            throw failure;
        }
        return data;
    }

    private static String dataName(Storage file, Header header, @Nullable Storage externalData) {
        if (!header.hasDataFile()) {
            return file.name();
        }
        String stated = header.dataFileName();
        return externalData != null ? externalData.name() : stated != null ? stated : "";
    }

    private static ImageException fail(Storage file, ErrorKind kind, String sentence) {
        return new ImageException(kind, sentence, file.name(), ImageException.NO_OFFSET, null);
    }
}
