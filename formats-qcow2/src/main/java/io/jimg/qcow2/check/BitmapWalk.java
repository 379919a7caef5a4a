package io.jimg.qcow2.check;

import io.jimg.qcow2.header.BitmapDirectory;
import io.jimg.qcow2.header.BitmapTableEntry;
import io.jimg.qcow2.header.BitmapsExtension;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HostRange;
import io.jimg.validate.Place;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Counts what the bitmaps refer to: the directory, the tables, their clusters (specification: "Bitmaps"). Not safe for
 * threads.
 */
final class BitmapWalk {
    private record Table(long hostOffset, long length) {}

    private final Header header;
    private final MetadataReader reader;
    private final References references;
    private final Findings findings;
    private final @Nullable DamagedBitmaps damaged;

    /**
     * A walk.
     *
     * @param damaged takes entries that no sound image has, to repair them; null where nothing is repaired
     */
    BitmapWalk(
            Header header,
            MetadataReader reader,
            References references,
            Findings findings,
            @Nullable DamagedBitmaps damaged) {
        this.header = header;
        this.reader = reader;
        this.references = references;
        this.findings = findings;
        this.damaged = damaged;
    }

    /** Counts everything, where the header says that there are bitmaps and that they are to be trusted. */
    void walk() throws IOException {
        BitmapsExtension extension = header.bitmaps();
        if (extension == null) {
            return;
        }
        references.count(extension.directoryOffset(), extension.directorySize(), 1);
        List<Table> tables = tables(extension);
        WeightedRanges ranges = new WeightedRanges();
        tables.removeIf(this::outOfReach);
        for (Table table : tables) {
            ranges.add(table.hostOffset, table.hostOffset + table.length);
        }
        ranges.cut();
        WeightedRanges clusters = new WeightedRanges();
        for (Table table : tables) {
            if (references.fits(table.hostOffset, table.length, 1)) {
                clusters.addRounded(table.hostOffset, table.length, header.clusterBits());
            }
            ranges.take(
                    table.hostOffset,
                    table.hostOffset + table.length,
                    (start, end, weight) -> reader.entries(start, end, (at, entry) -> entry(at, entry, weight)));
        }
        clusters.cut();
        references.count(clusters);
    }

    /** Tells of a table that no file reaches to. */
    private boolean outOfReach(Table table) {
        boolean reached = HostRange.reaches(table.hostOffset, table.length);
        if (!reached) {
            references.tellOutside(table.hostOffset, table.length, 1);
        }
        return !reached;
    }

    private void entry(long hostOffset, long entry, long weight) throws IOException {
        long offset = BitmapTableEntry.hostOffset(entry);
        if (BitmapTableEntry.sound(entry, header.clusterSize())) {
            if (offset != 0) {
                references.count(offset, header.clusterSize(), weight);
            }
        } else if (damaged == null) {
            findings.corruption(
                    weight,
                    Place.host(hostOffset),
                    () -> "ERROR invalid bitmap table entry: " + Long.toHexString(entry));
        } else {
            damaged.add(hostOffset, entry, weight);
            findings.corruptionFixed(
                    weight,
                    Place.host(hostOffset),
                    () -> "Repairing invalid bitmap table entry: " + Long.toHexString(entry));
        }
    }

    private List<Table> tables(BitmapsExtension extension) throws IOException {
        List<Table> tables = new ArrayList<>();
        for (BitmapDirectory.Entry entry : directory(header, extension, reader).entries()) {
            tables.add(new Table(entry.tableOffset(), (long) entry.tableSize() * Long.BYTES));
        }
        return tables;
    }

    /** The directory, as far as the file reaches. */
    static BitmapDirectory directory(Header header, BitmapsExtension extension, MetadataReader reader)
            throws IOException {
        long inFile = Math.max(0, reader.fileSize() - extension.directoryOffset());
        int length = (int) Math.min(extension.directorySize(), inFile);
        return BitmapDirectory.parse(reader.read(extension.directoryOffset(), length), header, reader.name());
    }
}
