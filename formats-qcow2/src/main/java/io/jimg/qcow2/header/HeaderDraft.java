package io.jimg.qcow2.header;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A {@link Header} with some of its parts being replaced; the parts are those of the record. For one thread. */
final class HeaderDraft {
    int version;
    int clusterBits;
    long size;
    CryptMethod cryptMethod;
    int l1Size;
    long l1TableOffset;
    long refcountTableOffset;
    int refcountTableClusters;
    int snapshotCount;
    long snapshotsOffset;
    FeatureSet<IncompatibleFeature> incompatible;
    FeatureSet<CompatibleFeature> compatible;
    FeatureSet<AutoclearFeature> autoclear;
    int refcountOrder;
    CompressionType compressionType;
    HeaderBytes unknownFields;
    List<HeaderExtension> extensions;

    @Nullable
    HeaderBytes backing;

    /** All as in a header. */
    HeaderDraft(Header header) {
        version = header.version();
        clusterBits = header.clusterBits();
        size = header.size();
        cryptMethod = header.cryptMethod();
        l1Size = header.l1Size();
        l1TableOffset = header.l1TableOffset();
        refcountTableOffset = header.refcountTableOffset();
        refcountTableClusters = header.refcountTableClusters();
        snapshotCount = header.snapshotCount();
        snapshotsOffset = header.snapshotsOffset();
        incompatible = header.incompatible();
        compatible = header.compatible();
        autoclear = header.autoclear();
        refcountOrder = header.refcountOrder();
        compressionType = header.compressionType();
        unknownFields = header.unknownFields();
        extensions = header.extensions();
        backing = header.backing();
    }

    /** The header with what was replaced. */
    Header header() {
        return new Header(
                version,
                clusterBits,
                size,
                cryptMethod,
                l1Size,
                l1TableOffset,
                refcountTableOffset,
                refcountTableClusters,
                snapshotCount,
                snapshotsOffset,
                incompatible,
                compatible,
                autoclear,
                refcountOrder,
                compressionType,
                unknownFields,
                extensions,
                backing);
    }
}
