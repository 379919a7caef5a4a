package io.jimg.qcow2.header;

import io.jimg.crypto.LuksHeader;
import io.jimg.spi.Doc;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The format's own part of {@code info}, with QEMU's members in QEMU's order. */
public final class Qcow2Info {
    private Qcow2Info() {}

    /**
     * The document.
     *
     * @param bitmaps the image's bitmaps that are to be trusted
     * @param luks the LUKS header in the image; null where there is none
     */
    public static Doc of(Header header, BitmapDirectory bitmaps, @Nullable LuksHeader luks) {
        Doc doc = Doc.create();
        boolean version3 = header.version() >= 3;
        doc.put("compat", version3 ? "1.1" : "0.10");
        doc.put("compression-type", header.compressionType().spelling());
        if (version3) {
            doc.put("lazy-refcounts", header.compatible().has(CompatibleFeature.LAZY_REFCOUNTS));
        }
        if (!bitmaps.entries().isEmpty()) {
            doc.put("bitmaps", Doc.list(bitmaps.entries(), Qcow2Info::bitmap));
        }
        doc.put("refcount-bits", header.refcountBits());
        if (luks != null) {
            doc.put("encrypt", luks.describe(false, "luks"));
        } else if (header.cryptMethod() == CryptMethod.AES) {
            doc.put("encrypt", Doc.create().put("format", "aes"));
        }
        if (header.hasDataFile()) {
            doc.putIfPresent("data-file", header.dataFileName());
            doc.put("data-file-raw", header.dataFileRaw());
        }
        if (version3) {
            doc.put("corrupt", header.incompatible().has(IncompatibleFeature.CORRUPT));
            doc.put("extended-l2", header.extendedL2());
        }
        return doc;
    }

    private static Doc bitmap(BitmapDirectory.Entry entry) {
        List<Object> flags = new ArrayList<>();
        if (entry.inUse()) {
            flags.add("in-use");
        }
        if (entry.auto()) {
            flags.add("auto");
        }
        return Doc.create()
                .put("flags", flags)
                .put("name", entry.name())
                .put("granularity", 1L << entry.granularityBits());
    }
}
