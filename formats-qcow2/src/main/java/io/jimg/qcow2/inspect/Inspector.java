package io.jimg.qcow2.inspect;

import io.jimg.crypto.LuksInspection;
import io.jimg.qcow2.header.AutoclearFeature;
import io.jimg.qcow2.header.CryptMethod;
import io.jimg.qcow2.header.HeaderExtension;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.qcow2.header.HeaderLimits;
import io.jimg.qcow2.header.IncompatibleFeature;
import io.jimg.storage.Storage;
import io.jimg.validate.Inspection;
import io.jimg.validate.Names;
import io.jimg.validate.Place;
import io.jimg.validate.Rule;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * Looks at a header field by field (specification: "Header", "Header extensions"), believing none: a header that cannot
 * be parsed as a whole is looked at all the same. Reads at most the largest cluster. Used for one file.
 */
public final class Inspector {
    private static final int LONGEST_NAME = 4096;
    private static final int EXTENSION_PREFIX = 8;
    private static final Set<Integer> KNOWN_EXTENSIONS = Set.of(
            HeaderExtension.BACKING_FORMAT,
            HeaderExtension.FEATURE_NAMES,
            HeaderExtension.BITMAPS,
            HeaderExtension.FULL_DISK_ENCRYPTION,
            HeaderExtension.DATA_FILE);

    private final Storage file;
    private final Inspection inspection;
    private final ByteBuffer header;
    private final long fileSize;
    /** Where the LUKS header begins; negative where no extension says it. */
    private long luksStart = -1;

    private Inspector(Storage file, Inspection inspection, ByteBuffer header) throws IOException {
        this.file = file;
        this.inspection = inspection;
        this.header = header;
        this.fileSize = file.size();
    }

    /** Looks at a file; what is missing at its end reads as zeroes. */
    public static void inspect(Storage file, Inspection inspection) throws IOException {
        int length = (int)
                Math.min(1 << HeaderLimits.MAX_CLUSTER_BITS, Math.max(HeaderFields.VERSION_3_LENGTH, file.size()));
        ByteBuffer header = ByteBuffer.allocate(length);
        file.read(header, 0);
        new Inspector(file, inspection, header.flip()).run();
    }

    private void run() throws IOException {
        if (header.getInt(0) != HeaderFields.MAGIC) {
            return;
        }
        int version = header.getInt(HeaderFields.VERSION);
        if (version != 2 && version != 3) {
            inspection.found(
                    Rule.FORMAT_VERSION,
                    Place.host(HeaderFields.VERSION),
                    "qcow2 version " + Integer.toUnsignedString(version) + " is not supported");
            return;
        }
        if (fileSize < (version == 2 ? HeaderFields.VERSION_2_LENGTH : HeaderFields.COMPRESSION_TYPE)) {
            inspection.found(Rule.TRUNCATED, Place.host(fileSize), "The file ends within the header");
        }
        backingFile();
        if (version == 3) {
            features();
        }
        extensions(version);
        tables();
        snapshots();
        encryption();
    }

    private void backingFile() {
        long offset = header.getLong(HeaderFields.BACKING_OFFSET);
        if (offset == 0) {
            return;
        }
        long length = Integer.toUnsignedLong(header.getInt(HeaderFields.BACKING_SIZE));
        boolean inside = offset > 0 && offset < header.limit() && length <= header.limit() - offset;
        String name = inside ? text((int) offset, (int) Math.min(length, LONGEST_NAME)) : "";
        inspection.found(
                Rule.BACKING_FILE,
                Place.host(HeaderFields.BACKING_OFFSET),
                inside
                        ? "The image names the backing file " + Inspection.quoted(name)
                        : "The image has a backing file, whose name lies outside of the header's cluster");
        reference("The backing file's name", name, offset);
    }

    private void reference(String what, String name, long place) {
        String danger = Names.danger(name);
        if (danger != null) {
            inspection.found(
                    Rule.ABSOLUTE_REFERENCE, Place.host(place), what + " " + Inspection.quoted(name) + " " + danger);
        }
    }

    private String text(int at, int length) {
        byte[] bytes = new byte[length];
        header.get(at, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private void features() {
        long incompatible = header.getLong(HeaderFields.INCOMPATIBLE_FEATURES);
        Place place = Place.host(HeaderFields.INCOMPATIBLE_FEATURES);
        if ((incompatible & IncompatibleFeature.DIRTY.mask()) != 0) {
            inspection.found(Rule.DIRTY, place, "The image is marked as dirty: it was not closed");
        }
        if ((incompatible & IncompatibleFeature.CORRUPT.mask()) != 0) {
            inspection.found(Rule.CORRUPT_MARK, place, "The image is marked as corrupt");
        }
        if ((incompatible & IncompatibleFeature.EXTERNAL_DATA_FILE.mask()) != 0) {
            inspection.found(Rule.DATA_FILE, place, "The guest's data lies in an external data file");
        }
        long unknown = incompatible & ~IncompatibleFeature.KNOWN;
        if (unknown != 0) {
            inspection.found(
                    Rule.UNKNOWN_FEATURE,
                    place,
                    "The incompatible features 0x" + Long.toHexString(unknown) + " are not known");
        }
        long autoclear = header.getLong(HeaderFields.AUTOCLEAR_FEATURES) & ~AutoclearFeature.KNOWN;
        if (autoclear != 0) {
            inspection.found(
                    Rule.UNKNOWN_EXTENSION,
                    Place.host(HeaderFields.AUTOCLEAR_FEATURES),
                    "The autoclear features 0x" + Long.toHexString(autoclear) + " are not known");
        }
    }

    private void extensions(int version) {
        long start = version == 2
                ? HeaderFields.VERSION_2_LENGTH
                : Integer.toUnsignedLong(header.getInt(HeaderFields.HEADER_LENGTH));
        long backing = header.getLong(HeaderFields.BACKING_OFFSET);
        long end = backing > 0 ? Math.min(backing, header.limit()) : Math.min(clusterSize(), header.limit());
        for (long at = start; at >= 0 && end - at >= EXTENSION_PREFIX; ) {
            int type = header.getInt((int) at);
            long length = Integer.toUnsignedLong(header.getInt((int) at + 4));
            if (type == HeaderExtension.END || length > end - at - EXTENSION_PREFIX) {
                return;
            }
            if (type == HeaderExtension.DATA_FILE) {
                String name = text((int) at + EXTENSION_PREFIX, (int) Math.min(length, LONGEST_NAME));
                inspection.found(
                        Rule.DATA_FILE, Place.host(at), "The image names the data file " + Inspection.quoted(name));
                reference("The data file's name", name, at);
            } else if (type == HeaderExtension.FULL_DISK_ENCRYPTION && length >= Long.BYTES) {
                luksStart = header.getLong((int) at + EXTENSION_PREFIX);
            } else if (!KNOWN_EXTENSIONS.contains(type)) {
                inspection.found(
                        Rule.UNKNOWN_EXTENSION,
                        Place.host(at),
                        String.format("The header extension 0x%08x is not known", type));
            }
            at += EXTENSION_PREFIX + ((length + 7) & ~7);
        }
    }

    private long clusterSize() {
        int bits = header.getInt(HeaderFields.CLUSTER_BITS);
        return 1L << Math.max(HeaderLimits.MIN_CLUSTER_BITS, Math.min(HeaderLimits.MAX_CLUSTER_BITS, bits));
    }

    private void tables() {
        long l1 = Integer.toUnsignedLong(header.getInt(HeaderFields.L1_SIZE)) * Long.BYTES;
        long refcounts = Integer.toUnsignedLong(header.getInt(HeaderFields.REFCOUNT_TABLE_CLUSTERS)) * clusterSize();
        inside("The L1 table", HeaderFields.L1_TABLE_OFFSET, l1);
        inside("The refcount table", HeaderFields.REFCOUNT_TABLE_OFFSET, refcounts);
        inspection.measured(
                Rule.METADATA_SIZE, l1 + refcounts, Place.host(HeaderFields.L1_SIZE), "The L1 and refcount tables");
    }

    private void inside(String what, int field, long length) {
        long offset = header.getLong(field);
        if (length > 0 && (offset < 0 || offset > fileSize || length > fileSize - offset)) {
            inspection.found(
                    Rule.TRUNCATED,
                    Place.host(field),
                    what + " of " + length + " bytes at " + Long.toUnsignedString(offset)
                            + " does not lie in the file of " + fileSize + " bytes");
        }
    }

    private void snapshots() {
        long count = Integer.toUnsignedLong(header.getInt(HeaderFields.SNAPSHOT_COUNT));
        if (count > 0) {
            inspection.found(
                    Rule.SNAPSHOTS, Place.host(HeaderFields.SNAPSHOT_COUNT), "The image holds " + count + " snapshots");
            inside("The snapshot table", HeaderFields.SNAPSHOTS_OFFSET, count);
        }
    }

    private void encryption() throws IOException {
        int method = header.getInt(HeaderFields.CRYPT_METHOD);
        if (method == CryptMethod.AES.ordinal()) {
            inspection.found(
                    Rule.WEAK_ENCRYPTION,
                    Place.host(HeaderFields.CRYPT_METHOD),
                    "The image is encrypted by the old AES method, which is broken by design");
        }
        if (method == CryptMethod.LUKS.ordinal() && luksStart >= 0 && luksStart < fileSize) {
            LuksInspection.inspect(file, luksStart, false, inspection);
        }
    }
}
