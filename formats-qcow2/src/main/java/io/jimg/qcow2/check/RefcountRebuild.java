package io.jimg.qcow2.check;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.qcow2.header.IncompatibleFeature;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Makes the refcounts of an image that is marked dirty right again: they are counted anew, the COPIED flags follow them, and the mark goes (specification: "Header",
 * incompatible feature bit 0).
 *
 * <p>Where every cluster in use has its refcount block, wrong refcounts are corrected in place; otherwise a new table with new blocks is written behind the file's
 * end and the header turned to it. A power loss on the way leaves the image marked, and no worse than it was: the mark goes last, after all else is durable.
 */
public final class RefcountRebuild {
    private static final int FINDINGS_CAP = 100;
    private static final int SECTOR = 512;

    private final Storage file;
    private final Header header;
    private final MetadataReader reader;

    private RefcountRebuild(Storage file, Header header) throws IOException {
        this.file = file;
        this.header = header;
        this.reader = new MetadataReader(file, entries -> {});
    }

    /**
     * Repairs an image before anything of it is cached; its header is to be read again afterwards.
     *
     * @param file the image's file, writable
     * @param header its header
     * @throws ImageException {@link ErrorKind#CORRUPT} where more than refcounts is wrong; nothing was changed then
     */
    public static void run(Storage file, Header header) throws IOException {
        new RefcountRebuild(file, header).run();
    }

    private void run() throws IOException {
        RefcountTable table = new RefcountTable(header, reader);
        ReferenceScan scan = count();
        ClusterCounts counts = scan.references().counts();
        RefcountCorrection correction = new RefcountCorrection(file, header, table);
        TablePlace place = new TablePlace(header.refcountTableOffset(), header.refcountTableClusters());
        if (scan.countRefcounts(table) && correction.hasBlocksFor(counts)) {
            correction.write(counts);
        } else {
            // Counted once more without the old structure, whose clusters are free once the header has turned to the
            // new one.
            long end = scan.references().clusters();
            counts = count().references().counts();
            RefcountLayout layout = new RefcountLayout(header, file.name(), counts, end);
            layout.write(file);
            place = layout.place();
        }
        new CopiedRepair(file, header, reader).repair(counts);
        file.flush();
        finish(place);
    }

    /** Everything but the refcount structures, which must be sound. */
    private ReferenceScan count() throws IOException {
        Findings findings = new Findings(FINDINGS_CAP);
        ReferenceScan scan = new ReferenceScan(header, reader, MemoryBudget.ofHeap(), findings);
        long incomplete = findings.corruptions();
        scan.countMapping(CopiedObserver.NONE);
        if (findings.corruptions() > incomplete) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "The image is marked dirty and cannot be repaired: "
                            + findings.list()
                                    .get((int) Math.min(incomplete, FINDINGS_CAP - 1))
                                    .sentence(),
                    file.name(),
                    ImageException.NO_OFFSET,
                    null);
        }
        return scan;
    }

    /** Turns the header and removes the mark, in one write to one sector. */
    private void finish(TablePlace place) throws IOException {
        ByteBuffer sector = reader.read(0, SECTOR);
        sector.putLong(HeaderFields.REFCOUNT_TABLE_OFFSET, place.tableOffset());
        sector.putInt(HeaderFields.REFCOUNT_TABLE_CLUSTERS, place.tableClusters());
        sector.putLong(
                HeaderFields.INCOMPATIBLE_FEATURES,
                header.incompatible().without(IncompatibleFeature.DIRTY).bits());
        file.write(sector, 0);
        file.flush();
    }

    /** Where the header is to find the refcount table. */
    record TablePlace(long tableOffset, int tableClusters) {}
}
