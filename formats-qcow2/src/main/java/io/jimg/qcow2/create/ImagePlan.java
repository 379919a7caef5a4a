package io.jimg.qcow2.create;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.qcow2.Qcow2;
import io.jimg.qcow2.Qcow2.Preallocation;
import io.jimg.qcow2.encryption.NewEncryption;
import io.jimg.qcow2.header.AutoclearFeature;
import io.jimg.qcow2.header.CompatibleFeature;
import io.jimg.qcow2.header.CompressionType;
import io.jimg.qcow2.header.CryptMethod;
import io.jimg.qcow2.header.EncryptionPointer;
import io.jimg.qcow2.header.FeatureNameTable;
import io.jimg.qcow2.header.FeatureSet;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderBytes;
import io.jimg.qcow2.header.HeaderExtension;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.qcow2.header.HeaderLimits;
import io.jimg.qcow2.header.HeaderWriter;
import io.jimg.qcow2.header.IncompatibleFeature;
import io.jimg.spi.CreateRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A new image as it was asked for, all options checked against each other and the format's limits before any file is
 * touched. The sentences are QEMU's.
 *
 * @param version 2 or 3
 * @param clusterBits log2 of the cluster size
 * @param refcountOrder log2 of the refcount width in bits
 * @param size guest bytes, a multiple of 512
 * @param extendedL2 whether L2 entries have subclusters
 * @param lazyRefcounts whether refcounts may be written late
 * @param compression how clusters are compressed
 * @param backing the backing file's name; null for none
 * @param backingFormat and its format; null where it is not stated
 * @param dataFile name of the external data file; null for none
 * @param dataFileRaw whether the data file must stay a valid raw image
 * @param preallocation what is allocated at once
 * @param encryption how guest data is encrypted; null for not at all
 */
record ImagePlan(
        int version,
        int clusterBits,
        int refcountOrder,
        long size,
        boolean extendedL2,
        boolean lazyRefcounts,
        CompressionType compression,
        @Nullable String backing,
        @Nullable String backingFormat,
        @Nullable String dataFile,
        boolean dataFileRaw,
        Preallocation preallocation,
        @Nullable NewEncryption encryption) {
    private static final int SECTOR = 512;

    /** Smaller clusters have no room to waste on names of features, and QEMU writes none either. */
    private static final int FEATURE_NAMES_CLUSTER_BITS = 13;

    /** Reads and checks a request. */
    static ImagePlan of(CreateRequest request) throws ImageException {
        Options options = request.options();
        Qcow2.Compat compat = options.get(Qcow2.COMPAT);
        Preallocation preallocation = options.get(Qcow2.PREALLOCATION);
        boolean raw = Boolean.TRUE.equals(options.get(Qcow2.DATA_FILE_RAW));
        ImagePlan plan = new ImagePlan(
                compat == null ? 3 : compat.version(),
                clusterBits(options.require(Qcow2.CLUSTER_SIZE)),
                refcountOrder(options.require(Qcow2.REFCOUNT_BITS)),
                roundUp(request.size()),
                options.require(Qcow2.EXTENDED_L2),
                options.require(Qcow2.LAZY_REFCOUNTS),
                options.require(Qcow2.COMPRESSION_TYPE) == Qcow2.CompressionMethod.ZSTD
                        ? CompressionType.ZSTD
                        : CompressionType.ZLIB,
                options.get(Qcow2.BACKING_FILE),
                options.get(Qcow2.BACKING_FORMAT),
                options.get(Qcow2.DATA_FILE),
                raw,
                preallocation == null ? Preallocation.OFF : preallocation,
                NewEncryption.of(options));
        plan.checkVersion();
        plan.checkCombinations();
        plan.checkLimits();
        return plan;
    }

    static int clusterBits(long clusterSize) throws ImageException {
        if (Long.bitCount(clusterSize) != 1
                || clusterSize < 1 << HeaderLimits.MIN_CLUSTER_BITS
                || clusterSize > 1 << HeaderLimits.MAX_CLUSTER_BITS) {
            throw option("Cluster size must be a power of two between 512 and 2048k");
        }
        return Long.numberOfTrailingZeros(clusterSize);
    }

    static int refcountOrder(long bits) throws ImageException {
        if (Long.bitCount(bits) != 1 || bits > 64) {
            throw option("Refcount width must be a power of two and may not exceed 64 bits");
        }
        return Long.numberOfTrailingZeros(bits);
    }

    private static long roundUp(long size) throws ImageException {
        if (size < 0 || size > Long.MAX_VALUE - SECTOR) {
            throw tooLarge();
        }
        return (size + SECTOR - 1) & -SECTOR;
    }

    private void checkVersion() throws ImageException {
        String since = null;
        if (version < 3) {
            if (refcountOrder != 4) {
                since = "Different refcount widths than 16 bits require compatibility level 1.1 or above";
            } else if (lazyRefcounts) {
                since = "Lazy refcounts only supported with compatibility level 1.1 and above";
            } else if (extendedL2) {
                since = "Extended L2 entries are only supported with compatibility level 1.1 and above";
            } else if (dataFile != null) {
                since = "External data files are only supported with compatibility level 1.1 and above";
            } else if (compression != CompressionType.ZLIB) {
                since = "Non-zlib compression type is only supported with compatibility level 1.1 and above";
            }
        }
        if (since != null) {
            throw option(since + " (use version=v3 or greater)");
        }
    }

    static void checkExtendedL2(boolean extendedL2, int clusterBits) throws ImageException {
        if (extendedL2 && clusterBits < HeaderLimits.MIN_EXTENDED_CLUSTER_BITS) {
            throw option("Extended L2 entries are only supported with cluster sizes of at least "
                    + (1 << HeaderLimits.MIN_EXTENDED_CLUSTER_BITS) + " bytes");
        }
    }

    private void checkCombinations() throws ImageException {
        checkExtendedL2(extendedL2, clusterBits);
        if (backing == null && backingFormat != null) {
            throw option("Backing format cannot be used without backing file");
        }
        if (backing != null && preallocation != Preallocation.OFF && !extendedL2) {
            throw option("Backing file and preallocation can only be used at the same time if extended_l2 is on");
        }
        if (dataFileRaw && dataFile == null) {
            throw option("data-file-raw requires data-file");
        }
        if (dataFileRaw && backing != null) {
            throw option("Backing file and data-file-raw cannot be used at the same time");
        }
    }

    private void checkLimits() throws ImageException {
        if (Header.l1EntriesNeeded(size, clusterBits, extendedL2) > HeaderLimits.MAX_L1_BYTES / Long.BYTES) {
            throw tooLarge();
        }
        if (backing == null) {
            return;
        }
        String format = backingFormat == null ? "" : backingFormat;
        String sentence = "Could not assign backing file '" + backing + "' with format '" + format + "': ";
        if (backing.getBytes(StandardCharsets.UTF_8).length > HeaderLimits.MAX_BACKING_NAME
                || format.length() > HeaderLimits.MAX_BACKING_FORMAT) {
            throw option(sentence + "Invalid argument");
        }
        if (HeaderWriter.length(header(0, 0, 1, 0)) > 1 << clusterBits) {
            throw option(sentence + "No space left on device");
        }
    }

    private CryptMethod cryptMethod() {
        if (encryption == null) {
            return CryptMethod.NONE;
        }
        return encryption.luks() == null ? CryptMethod.AES : CryptMethod.LUKS;
    }

    /** Whether every guest cluster has its entry from the start. */
    boolean allClustersMapped() {
        return preallocation != Preallocation.OFF || dataFileRaw;
    }

    /** Entries in the L1 table. */
    int l1Size() {
        return (int) Header.l1EntriesNeeded(size, clusterBits, extendedL2);
    }

    /**
     * The header.
     *
     * @param l1TableOffset host offset of the L1 table
     * @param refcountTableOffset host offset of the refcount table
     * @param refcountTableClusters and how many clusters it has
     * @param luksOffset host offset of the LUKS header, where there is to be one
     */
    Header header(long l1TableOffset, long refcountTableOffset, int refcountTableClusters, long luksOffset) {
        List<HeaderExtension> extensions = new ArrayList<>();
        if (backingFormat != null) {
            extensions.add(HeaderExtension.ofText(HeaderExtension.BACKING_FORMAT, backingFormat));
        }
        if (dataFile != null) {
            extensions.add(HeaderExtension.ofText(HeaderExtension.DATA_FILE, dataFile));
        }
        if (encryption != null && encryption.luks() != null) {
            extensions.add(HeaderExtension.ofEncryption(new EncryptionPointer(luksOffset, encryption.headerLength())));
        }
        byte[] laterFields = {};
        if (version >= 3) {
            laterFields = new byte[HeaderFields.VERSION_3_LENGTH - HeaderFields.COMPRESSION_TYPE - 1];
            if (clusterBits >= FEATURE_NAMES_CLUSTER_BITS) {
                extensions.add(FeatureNameTable.known());
            }
        }
        return new Header(
                version,
                clusterBits,
                size,
                cryptMethod(),
                l1Size(),
                l1Size() == 0 ? 0 : l1TableOffset,
                refcountTableOffset,
                refcountTableClusters,
                0,
                0,
                FeatureSet.<IncompatibleFeature>none()
                        .with(IncompatibleFeature.EXTERNAL_DATA_FILE, dataFile != null)
                        .with(IncompatibleFeature.COMPRESSION_TYPE, compression != CompressionType.ZLIB)
                        .with(IncompatibleFeature.EXTENDED_L2, extendedL2),
                FeatureSet.<CompatibleFeature>none().with(CompatibleFeature.LAZY_REFCOUNTS, lazyRefcounts),
                FeatureSet.<AutoclearFeature>none().with(AutoclearFeature.RAW_EXTERNAL_DATA, dataFileRaw),
                refcountOrder,
                compression,
                HeaderBytes.of(laterFields),
                extensions,
                backing == null ? null : HeaderBytes.ofText(backing));
    }

    private static ImageException option(String message) {
        return new ImageException(ErrorKind.BAD_OPTION, message);
    }

    private static ImageException tooLarge() {
        return new ImageException(
                ErrorKind.LIMIT,
                "The image size is too large for file format 'qcow2' (try using a larger cluster size)");
    }
}
