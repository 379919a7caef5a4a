package io.jimg.qcow2.create;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.capability.Measurement;
import io.jimg.qcow2.Qcow2;
import io.jimg.qcow2.Qcow2.Preallocation;
import io.jimg.qcow2.encryption.NewEncryption;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderLimits;
import io.jimg.spi.MeasureRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Tells how large an image's file would be. The figures are QEMU's, which are those of {@link NewImage} but for a file
 * that is shorter where nothing is mapped; an external data file is counted as if its bytes were in the image.
 */
public final class Measuring {
    private static final String LUKS = "luks";

    private final MeasureRequest request;
    private final Options options;
    private final int version;
    private final int clusterBits;
    private final int refcountOrder;
    private final boolean extendedL2;

    private Measuring(MeasureRequest request) throws ImageException {
        this.request = request;
        this.options = request.options();
        refuse("compat", "Invalid compatibility level: '%s'");
        refuse("preallocation", "invalid parameter value: %s");
        Qcow2.Compat compat = options.get(Qcow2.COMPAT);
        if (compat == Qcow2.Compat.VERSION_2 || compat == Qcow2.Compat.VERSION_3) {
            // Creating takes these words; measuring, in QEMU, only the releases.
            throw new ImageException(
                    ErrorKind.BAD_OPTION,
                    "Invalid compatibility level: '" + (compat.version() == 2 ? "v2" : "v3") + "'");
        }
        this.version = compat == null ? 3 : compat.version();
        this.extendedL2 = options.require(Qcow2.EXTENDED_L2);
        this.clusterBits = ImagePlan.clusterBits(options.require(Qcow2.CLUSTER_SIZE));
        ImagePlan.checkExtendedL2(extendedL2, clusterBits);
        this.refcountOrder = ImagePlan.refcountOrder(options.require(Qcow2.REFCOUNT_BITS));
        if (version < 3 && refcountOrder != 4) {
            throw new ImageException(
                    ErrorKind.BAD_OPTION,
                    "Different refcount widths than 16 bits require compatibility level 1.1 or above (use compat=1.1 or"
                            + " greater)");
        }
        if (Header.l1EntriesNeeded(request.size(), clusterBits, extendedL2) > HeaderLimits.MAX_L1_BYTES / Long.BYTES) {
            throw new ImageException(ErrorKind.LIMIT, "The image size is too large (try using a larger cluster size)");
        }
    }

    /** Measures. */
    public static Measurement of(MeasureRequest request) throws IOException {
        return new Measuring(request).measure();
    }

    private void refuse(String option, String sentence) throws ImageException {
        String word = request.refused().get(option);
        if (word != null) {
            throw new ImageException(ErrorKind.BAD_OPTION, String.format(sentence, word));
        }
    }

    private Measurement measure() throws IOException {
        long guest = clusters(request.size()) << clusterBits;
        long metadata = (metadataClusters() + clusters(luksHeader())) << clusterBits;
        return new Measurement(metadata + data(guest), metadata + guest, bitmaps());
    }

    /**
     * Bytes of the LUKS header, which QEMU does not take into account where it counts refcounts; 0 where there is none.
     */
    private long luksHeader() throws ImageException {
        if (!LUKS.equals(options.get(Qcow2.ENCRYPT_FORMAT))) {
            return 0;
        }
        NewEncryption.checkSecret(options, request.secrets());
        return Objects.requireNonNull(NewEncryption.of(options)).headerLength();
    }

    /** Bytes of data clusters right after the creation. */
    private long data(long guest) throws IOException {
        Preallocation preallocation = options.get(Qcow2.PREALLOCATION);
        if (preallocation == Preallocation.FULL || preallocation == Preallocation.FALLOC) {
            return guest;
        }
        MeasureRequest.Source source = request.source();
        if (source == null) {
            return 0;
        }
        // What a copy shares with its backing file is not known before it is made: nothing at worst.
        return options.get(Qcow2.BACKING_FILE) != null
                ? guest
                : clusters(source.unitsWithData(1 << clusterBits)) << clusterBits;
    }

    /**
     * Clusters of metadata where every guest cluster is allocated: header, L1, L2 tables, refcount table and blocks,
     * which count themselves, too.
     */
    private long metadataClusters() {
        long l2Tables = Header.l1EntriesNeeded(request.size(), clusterBits, extendedL2);
        long counted = 1 + clusters(l2Tables * Long.BYTES) + l2Tables + clusters(request.size());
        int blockBits = clusterBits + 3 - refcountOrder;
        long blocks = 0;
        long table = 0;
        for (long total = -1; total != counted + blocks + table; ) {
            total = counted + blocks + table;
            blocks = (total + (1L << blockBits) - 1) >>> blockBits;
            table = clusters(blocks * Long.BYTES);
        }
        return counted + blocks + table - clusters(request.size());
    }

    private OptionalLong bitmaps() throws IOException {
        @Nullable
        List<MeasureRequest.BitmapShape> shapes = request.source() == null || version < 3
                ? null
                : request.source().bitmaps();
        if (shapes == null) {
            return OptionalLong.empty();
        }
        long directory = 0;
        long clusters = 0;
        for (MeasureRequest.BitmapShape shape : shapes) {
            long bits = (request.size() + shape.granularity() - 1) / shape.granularity();
            long dataClusters = clusters((bits + 7) / 8);
            clusters += dataClusters + clusters(dataClusters * Long.BYTES);
            directory += (24 + shape.name().getBytes(StandardCharsets.UTF_8).length + 7) & ~7;
        }
        return OptionalLong.of((clusters + clusters(directory)) << clusterBits);
    }

    private long clusters(long bytes) {
        return (bytes + (1L << clusterBits) - 1) >>> clusterBits;
    }
}
