package io.jimg.vmdk.sparse;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.storage.Storage;
import io.jimg.vmdk.sparse.MetadataMap.Area;
import io.jimg.vmdk.sparse.SparseCheck.Observer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Checks a space-efficient sparse extent, of which nothing is there twice, so that nothing is repaired: each entry is
 * looked at, and that areas, tables and grains lie on nothing else. Time is linear in the tables; memory is that of the
 * directory, a bit for each table and, up to the bound of {@link GrainPlaces}, one for each grain of the file.
 */
public final class SeSparseCheck {
    private static final int SECTOR = TableLayout.SECTOR;

    private final SeSparseHeader header;
    private final SeSparseTables tables;
    private final List<Area> areas;
    private final Observer observer;
    /** Of numbers of grains, so that one is one. */
    private final GrainPlaces places = new GrainPlaces(1);

    private final BitSet tablesTaken = new BitSet();
    private boolean crowded;

    private SeSparseCheck(SeSparseHeader header, SeSparseTables tables, List<Area> areas, Observer observer) {
        this.header = header;
        this.tables = tables;
        this.areas = areas;
        this.observer = observer;
    }

    /** Checks an extent's file, which nobody else changes meanwhile. */
    public static void run(Storage file, Observer observer) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(SeSparseHeader.LENGTH);
        file.read(head, 0);
        SeSparseHeader header = SeSparseHeader.read(head.flip(), file.name());
        List<Area> areas;
        try {
            areas = SeSparseHeader.areas(head, file.name());
        } catch (ImageException senseless) {
            observer.found(senseless.getMessage(), 0, false);
            areas = List.of(new Area("the header", 0, 1));
        }
        new SeSparseCheck(header, SeSparseTables.open(file, header), areas, observer).run();
    }

    private void run() throws IOException {
        List<Area> ordered =
                areas.stream().sorted(Comparator.comparingLong(Area::first)).toList();
        for (int i = 0; i < ordered.size(); i++) {
            for (Area next : ordered.subList(i + 1, ordered.size())) {
                if (ordered.get(i).meets(next.first(), next.end())) {
                    observer.found(
                            "The header puts " + next.name() + " on "
                                    + ordered.get(i).name() + ", at sector " + next.first(),
                            next.first() * SECTOR,
                            false);
                }
            }
        }
        for (int index = 0; index < header.directoryEntries(); index++) {
            observer.pause();
            table(index);
        }
    }

    private void table(int index) throws IOException {
        long number;
        try {
            number = tables.tableNumber(index);
        } catch (ImageException damaged) {
            observer.found(damaged.getMessage(), header.directory() * SECTOR + (long) index * Long.BYTES, false);
            return;
        }
        if (number < 0) {
            return;
        }
        long first = header.tables() + number * header.tableSectors();
        Area beneath = beneath(first, first + header.tableSectors(), SeSparseHeader.TABLES);
        if (beneath != null) {
            lies("Grain table " + index, "on " + beneath.name(), first);
        } else if (tablesTaken.get((int) number)) {
            lies("Grain table " + index, "where another does", first);
        }
        tablesTaken.set((int) number);
        grains(index);
    }

    private @Nullable Area beneath(long first, long end, String own) {
        for (Area area : areas) {
            if (area.meets(first, end) && !area.name().equals(own)) {
                return area;
            }
        }
        return null;
    }

    /** Looks at each grain of a table. */
    private void grains(int index) throws IOException {
        long grain = (long) index * header.tableEntries();
        long end = Math.min(
                grain + header.tableEntries(), (header.capacity() + header.grainSectors() - 1) / header.grainSectors());
        while (grain < end) {
            try {
                GrainRun run = tables.find(grain, end - grain);
                if (run.kind() == GrainRun.Kind.DATA) {
                    for (long i = 0; i < run.grains(); i++) {
                        stored(grain + i, run.hostOffset() / SECTOR + i * header.grainSectors());
                    }
                }
                grain += run.grains();
            } catch (ImageException damaged) {
                if (damaged.kind() != ErrorKind.CORRUPT) {
                    throw damaged;
                }
                observer.found(damaged.getMessage(), damaged.offset(), false);
                grain++;
            }
        }
    }

    private void stored(long grain, long sector) {
        Area beneath = beneath(sector, sector + header.grainSectors(), SeSparseHeader.GRAINS);
        if (beneath != null) {
            lies("Grain " + grain, "on " + beneath.name(), sector);
        }
        switch (places.take((sector - header.grains()) / header.grainSectors(), 1)) {
            case TAKEN -> lies("Grain " + grain, "where another does", sector);
            case UNKNOWN -> {
                if (!crowded) {
                    observer.leftOut("There are too many grains to find all that lie in one place");
                }
                crowded = true;
            }
            default -> {}
        }
    }

    private void lies(String what, String where, long sector) {
        observer.found(what + " lies " + where + ", at sector " + sector, sector * SECTOR, false);
    }
}
