package io.jimg.qcow2.check;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.header.BitmapsExtension;
import io.jimg.qcow2.header.Header;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Counts what the bitmaps refer to: the directory, the tables, their clusters (specification: "Bitmaps"). Not safe for
 * threads.
 */
final class BitmapWalk {
    private static final int FIXED_LENGTH = 24;
    private static final int ALIGNMENT = 8;

    /** Entries of the largest bitmap table; it is QEMU's limit. */
    private static final long MAX_TABLE_ENTRIES = 0x800_0000L;

    private static final long RESERVED = 0xff00_0000_0000_01feL;
    private static final long ALL_ONES = 1;

    private record Table(long hostOffset, long length) {}

    private final Header header;
    private final MetadataReader reader;
    private final References references;
    private final Findings findings;

    BitmapWalk(Header header, MetadataReader reader, References references, Findings findings) {
        this.header = header;
        this.reader = reader;
        this.references = references;
        this.findings = findings;
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
                    (start, end, weight) -> reader.entries(start, end, (at, entry) -> entry(entry, weight)));
        }
        clusters.cut();
        references.count(clusters);
    }

    private void entry(long entry, long weight) throws ImageException {
        long offset = entry & L2Scan.OFFSET_MASK;
        if ((entry & RESERVED) != 0
                || (offset & (header.clusterSize() - 1)) != 0
                || (offset != 0 && (entry & ALL_ONES) != 0)) {
            findings.corruption(weight, () -> "ERROR invalid bitmap table entry: " + Long.toHexString(entry));
        } else if (offset != 0) {
            references.count(offset, header.clusterSize(), weight);
        }
    }

    private List<Table> tables(BitmapsExtension extension) throws IOException {
        int length =
                (int) Math.max(0, Math.min(extension.directorySize(), reader.fileSize() - extension.directoryOffset()));
        ByteBuffer directory = reader.read(extension.directoryOffset(), length);
        List<Table> tables = new ArrayList<>();
        int at = 0;
        for (int i = 0; i < extension.count(); i++) {
            if (directory.limit() - at < FIXED_LENGTH) {
                throw broken("Less bitmaps found than specified in header extension");
            }
            long tableOffset = directory.getLong(at);
            long entries = directory.getInt(at + 8) & 0xFFFF_FFFFL;
            int nameLength = directory.getShort(at + 18) & 0xFFFF;
            long extraLength = directory.getInt(at + 20) & 0xFFFF_FFFFL;
            long entryLength = (FIXED_LENGTH + extraLength + nameLength + ALIGNMENT - 1) & -ALIGNMENT;
            if (entryLength > directory.limit() - at) {
                throw broken("Broken bitmap directory");
            }
            if (entries == 0
                    || entries > MAX_TABLE_ENTRIES
                    || tableOffset <= 0
                    || tableOffset > Long.MAX_VALUE - MAX_TABLE_ENTRIES * Long.BYTES
                    || (tableOffset & (header.clusterSize() - 1)) != 0) {
                throw broken("Bitmap '" + name(directory, at, (int) extraLength, nameLength)
                        + "' doesn't satisfy the constraints");
            }
            tables.add(new Table(tableOffset, entries * Long.BYTES));
            at += (int) entryLength;
        }
        return tables;
    }

    private static String name(ByteBuffer directory, int at, int extraLength, int nameLength) {
        byte[] name = new byte[nameLength];
        directory.get(at + FIXED_LENGTH + extraLength, name);
        return new String(name, java.nio.charset.StandardCharsets.UTF_8);
    }

    private ImageException broken(String sentence) {
        return new ImageException(ErrorKind.CORRUPT, sentence, reader.name(), ImageException.NO_OFFSET, null);
    }
}
