package io.jimg.vmdk.sparse;

import io.jimg.ImageException;
import io.jimg.storage.Storage;
import io.jimg.vmdk.sparse.MetadataMap.Area;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Checks the tables of a sparse extent against its file, against each other and, table by table, against their copies;
 * repairs what a copy can make good. A repair writes tables first and what points to them after a barrier, so that it
 * can be interrupted and begun again. It writes to no place that something else lays claim to: where tables lie on
 * other metadata or on grains, what their copies hold is put into new ones.
 *
 * <p>Where a table and its copy differ, and both entries are possible, the one that points to a grain is right, for
 * grains are written before entries; where both do, the table's.
 *
 * <p>Time is linear in the tables; memory is that of the directories, of a few bytes for each table, and of
 * {@link GrainPlaces}.
 */
public final class SparseCheck {
    private static final int SECTOR = TableLayout.SECTOR;
    private static final int PIECE = 64 << 10;

    private final Storage file;
    private final Observer observer;
    private Mode mode;
    private long fileSize;

    /** What is done about what is found. */
    enum Mode {
        /** Nothing. */
        LOOK,
        /** Copies of tables follow the tables, so that the guest's bytes stay as they are. */
        SETTLE,
        /** What a copy can make good is repaired. */
        REPAIR
    }

    /** Told of what is found. */
    public interface Observer {
        /** For {@code hostOffset}: no place in particular. */
        long NOWHERE = -1;

        /**
         * Something is wrong.
         *
         * @param sentence for people
         * @param hostOffset byte of the extent's file where it is, or {@link #NOWHERE}
         * @param repaired whether it no longer is
         */
        void found(String sentence, long hostOffset, boolean repaired);

        /** Something could not be looked at. */
        void leftOut(String sentence);

        /** Throws to stop. */
        void pause() throws ImageException;
    }

    private SparseCheck(Storage file, Mode mode, Observer observer) throws IOException {
        this.file = file;
        this.mode = mode;
        this.observer = observer;
        this.fileSize = file.size();
    }

    /** Checks a hosted extent's file, which nobody else changes meanwhile. */
    public static void run(Storage file, boolean repair, Observer observer) throws IOException {
        new SparseCheck(file, repair ? Mode.REPAIR : Mode.LOOK, observer).run();
    }

    /**
     * Whether a hosted extent's file is as power loss may have left it. That tables and their copies differ then is no
     * damage; the copies are made to follow.
     */
    static boolean settle(Storage file) throws IOException {
        boolean[] sound = {true};
        Observer observer = new Observer() {
            @Override
            public void found(String sentence, long hostOffset, boolean repaired) {
                sound[0] = false;
            }

            @Override
            public void leftOut(String sentence) {
                // What could be looked at is sound.
            }

            @Override
            public void pause() {}
        };
        new SparseCheck(file, Mode.SETTLE, observer).run();
        return sound[0];
    }

    /** Checks the file of a copy-on-write extent of ESX Server; these have no copies to repair anything from. */
    public static void cowd(Storage file, Observer observer) throws IOException {
        CowdHeader header = SparseExtents.readCowdHeader(file);
        SparseCheck check = new SparseCheck(file, Mode.LOOK, observer);
        long place = SparseExtents.bytes(header.directory());
        int[] entries = check.read(place, header.layout().tables());
        if (entries == null) {
            observer.found("The grain directory lies past the end of the file", place, false);
            return;
        }
        Area directory = directory("the grain directory", place, header.layout());
        List<Area> areas = List.of(new Area("the header", 0, CowdHeader.LENGTH / SECTOR), directory);
        if (areas.get(0).meets(directory.first(), directory.end())) {
            observer.found("The grain directory lies on the header", place, false);
        }
        StoredLength lengths = new StoredLength(file, header.layout(), header.capacity() * SECTOR, false);
        new TableCheck(check, header.layout(), lengths, areas, entries, null).run();
    }

    private void run() throws IOException {
        SparseHeader header = SparseExtents.readHeader(file);
        List<Area> areas = new ArrayList<>();
        areas.add(new Area("the header", 0, 1));
        if (header.descriptorOffset() > 0 && header.descriptorSectors() > 0) {
            long first = Math.min(header.descriptorOffset(), fileSize / SECTOR);
            long sectors = Math.min(header.descriptorSectors(), fileSize / SECTOR + 1);
            areas.add(new Area("the descriptor", first, first + sectors));
        }
        if (header.directory() == SparseHeader.DIRECTORY_AT_END) {
            SparseHeader footer = SparseExtents.findFooter(file);
            if (footer == null) {
                rebuild(header);
                return;
            }
            header = footer;
            areas.add(new Area("the footer", fileSize / SECTOR - 2, fileSize / SECTOR - 1));
        }
        header.check(file.name());
        new DirectoryCheck(this, header, areas).run();
    }

    private void rebuild(SparseHeader header) throws IOException {
        if (!repairs()) {
            observer.found("The stream has no footer: the file was not written to its end", fileSize, false);
            return;
        }
        long reached = StreamRebuild.run(file, header, observer);
        observer.found(
                "The stream had no footer; what it holds was found again, the last of it at guest offset " + reached,
                Observer.NOWHERE,
                true);
    }

    static Area directory(String name, long place, TableLayout layout) {
        return new Area(name, place / SECTOR, (place + layout.directoryBytes()) / SECTOR);
    }

    Storage file() {
        return file;
    }

    Observer observer() {
        return observer;
    }

    /** Bytes of the file, with what a repair has appended. */
    long fileSize() {
        return fileSize;
    }

    boolean repairs() {
        return mode == Mode.REPAIR;
    }

    Mode mode() {
        return mode;
    }

    /** Nothing that follows is written. */
    void onlyLook() {
        mode = Mode.LOOK;
    }

    /** Makes room behind the end; gives 0 where nothing is repaired. */
    long append(long length) throws IOException {
        if (!repairs()) {
            return 0;
        }
        long place = (fileSize + SECTOR - 1) & -SECTOR;
        fileSize = place + length;
        file.truncate(fileSize);
        return place;
    }

    /** Reads entries; null where they do not lie in the file. */
    int @Nullable [] read(long place, int count) throws IOException {
        long length = (long) count * Integer.BYTES;
        if (place < 0 || place > fileSize - length) {
            return null;
        }
        int[] entries = new int[count];
        ByteBuffer piece =
                ByteBuffer.allocate((int) Math.min(PIECE, Math.max(length, 4))).order(ByteOrder.LITTLE_ENDIAN);
        for (int done = 0; done < count; ) {
            int some = Math.min(piece.capacity() / Integer.BYTES, count - done);
            file.read(piece.clear().limit(some * Integer.BYTES), place + (long) done * Integer.BYTES);
            piece.flip().asIntBuffer().get(entries, done, some);
            done += some;
        }
        return entries;
    }

    /** Writes entries, if there are any. */
    void write(int @Nullable [] entries, long place) throws IOException {
        if (entries == null) {
            return;
        }
        ByteBuffer piece = ByteBuffer.allocate(PIECE).order(ByteOrder.LITTLE_ENDIAN);
        for (int done = 0; done < entries.length; ) {
            int some = Math.min(PIECE / Integer.BYTES, entries.length - done);
            piece.clear().asIntBuffer().put(entries, done, some);
            file.write(piece.limit(some * Integer.BYTES), place + (long) done * Integer.BYTES);
            done += some;
        }
    }
}
