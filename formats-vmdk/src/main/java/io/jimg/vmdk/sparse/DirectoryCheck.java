package io.jimg.vmdk.sparse;

import io.jimg.storage.Storage;
import io.jimg.vmdk.sparse.MetadataMap.Area;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Checks where the directories of a hosted extent lie, has their tables checked, and writes what a repair changed. */
final class DirectoryCheck {
    private static final int SECTOR = TableLayout.SECTOR;
    /** Where the header says where the directories are. */
    private static final int DIRECTORY_FIELD = 56;

    private static final int REDUNDANT_FIELD = 48;

    private final SparseCheck check;
    private final SparseHeader header;
    private final TableLayout layout;
    private final List<Area> areas;
    private long place;
    private final long copyPlace;

    /**
     * To be checked.
     *
     * @param header says where the directories are
     * @param areas what else there is in the file
     */
    DirectoryCheck(SparseCheck check, SparseHeader header, List<Area> areas) {
        this.check = check;
        this.header = header;
        this.layout = SparseExtents.layout(header);
        this.areas = new ArrayList<>(areas);
        this.place = SparseExtents.bytes(header.directory());
        long redundant = header.redundant() ? SparseExtents.bytes(header.redundantDirectory()) : -1;
        this.copyPlace = redundant == place ? -1 : redundant;
    }

    void run() throws IOException {
        int[] entries = check.read(place, layout.tables());
        int[] copy = check.read(copyPlace, layout.tables());
        Area own = entries == null ? null : SparseCheck.directory("the grain directory", place, layout);
        Area second = copy == null ? null : SparseCheck.directory("the redundant grain directory", copyPlace, layout);
        Area onCopy = beneath(second);
        if (onCopy != null) {
            found("The redundant grain directory lies on " + onCopy.name(), REDUNDANT_FIELD, false);
            copy = null;
        }
        Area onOwn = beneath(own);
        String lost = entries == null ? "lies past the end of the file" : null;
        if (onOwn != null) {
            lost = "lies on " + onOwn.name();
        } else if (own != null && second != null && copy != null && own.meets(second.first(), second.end())) {
            found("The grain directory and the redundant one overlap", DIRECTORY_FIELD, false);
            check.onlyLook();
        }
        if (lost != null && copy == null) {
            found("The grain directory " + lost, DIRECTORY_FIELD, false);
            return;
        }
        boolean moved = lost != null;
        if (moved || entries == null) {
            found("The grain directory " + lost + "; its copy does not", DIRECTORY_FIELD, check.repairs());
            entries = new int[layout.tables()];
            place = check.append(layout.directoryBytes());
            own = check.repairs() ? SparseCheck.directory("the grain directory", place, layout) : null;
        } else if (header.redundant() && copyPlace >= 0 && second == null) {
            found("The redundant grain directory lies past the end of the file", REDUNDANT_FIELD, false);
        }
        if (own != null) {
            areas.add(own);
        }
        if (second != null) {
            areas.add(second);
        }
        StoredLength lengths = new StoredLength(check.file(), layout, header.size(), header.markers());
        boolean changed = new TableCheck(check, layout, lengths, areas, entries, copy).run() || moved;
        if (check.repairs() && changed) {
            write(entries, copy, moved);
        }
    }

    private @Nullable Area beneath(@Nullable Area directory) {
        if (directory != null) {
            for (Area area : areas) {
                if (area.meets(directory.first(), directory.end())) {
                    return area;
                }
            }
        }
        return null;
    }

    private void found(String sentence, int field, boolean repaired) {
        check.observer().found(sentence, field, repaired);
    }

    private void write(int[] entries, int @Nullable [] copy, boolean moved) throws IOException {
        Storage file = check.file();
        file.flush();
        check.write(copy, copyPlace);
        check.write(entries, place);
        file.flush();
        if (moved) {
            file.write(
                    header.withDirectories(header.redundantDirectory(), place / SECTOR)
                            .bytes(),
                    0);
            file.flush();
        }
    }
}
