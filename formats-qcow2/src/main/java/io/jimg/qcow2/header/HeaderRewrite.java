package io.jimg.qcow2.header;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Replaces the header of an image with all that belongs to it: fields, extensions, the backing file's name
 * (specification: "Header", "Header extensions"). What the given {@link Header} preserves stays: unknown fields,
 * feature bits and extensions.
 *
 * <p>Power loss at any moment leaves either the old header or the new one. A disk writes one sector of 512 bytes whole
 * or not at all, and all that points lies in the first one, so everything behind it that the new header needs is
 * written to places that the old one does not use; then the first sector flips. Where the new extensions and the old
 * ones claim the same places behind the first sector, the image has for a moment a third header, equal to the new one,
 * whose first extension is a filler of a type that everybody ignores: it spans the places of the old one.
 *
 * <p>In clusters of 1 KiB and 2 KiB two names of many hundred bytes do not fit side by side; then alone the order is
 * the best that there is (what is pointed to before what points), and an unlucky power loss leaves a name that is half
 * the old and half the new one.
 *
 * <p>Works on the file alone, as does every change that needs the image for itself: no request may be under way, and
 * what is known of the header elsewhere is stale afterwards.
 */
public final class HeaderRewrite {
    /** What a power loss never tears, in bytes. */
    private static final int SECTOR = 512;

    /** The filler's type. One that a power loss left behind is dropped by the next rewrite. */
    static final int FILLER = 0x4A494D47;

    private final Storage file;
    private final Header header;
    private final Header old;

    /** The first cluster as it is. */
    private final ByteBuffer cluster;

    private final int oldExtensionsEnd;

    private final int oldNameOffset;

    /** Where what the old header uses ends. */
    private final int oldEnd;

    private HeaderRewrite(Storage file, Header header) throws IOException {
        this.file = file;
        this.header = header.withExtension(FILLER, null);
        this.cluster = ByteBuffer.allocate(header.clusterSize());
        file.read(cluster, 0);
        this.old = HeaderParser.parseDamaged(cluster.clear(), file.name());
        this.oldNameOffset = old.backing() == null ? 0 : (int) cluster.getLong(HeaderFields.BACKING_OFFSET);
        this.oldExtensionsEnd =
                Math.min(HeaderWriter.extensionsEnd(old), old.backing() == null ? cluster.capacity() : oldNameOffset);
        this.oldEnd = Math.max(oldExtensionsEnd, oldNameOffset + HeaderWriter.nameLength(old));
    }

    /**
     * Writes another header over the present one. It is durable on return; where this throws, the file has the old one
     * or the new one.
     *
     * @param file the image's file
     * @param header the new header, whose cluster size is the old one's
     * @throws ImageException {@link ErrorKind#LIMIT} where it does not fit into the first cluster; nothing was changed
     *     then
     */
    public static void run(Storage file, Header header) throws IOException {
        new HeaderRewrite(file, header).run();
    }

    /** Whether a header fits into the first cluster of its image. */
    public static boolean fits(Header header) {
        return HeaderWriter.length(header.withExtension(FILLER, null)) <= header.clusterSize();
    }

    private void run() throws IOException {
        int extensionsEnd = HeaderWriter.extensionsEnd(header);
        int nameLength = HeaderWriter.nameLength(header);
        Place compact = place(header, extensionsEnd);
        for (int nameOffset :
                new int[] {extensionsEnd, HeaderExtension.padded(oldEnd), cluster.capacity() - nameLength}) {
            if (nameOffset >= extensionsEnd && nameOffset + nameLength <= cluster.capacity()) {
                Place place = place(header, nameOffset);
                if (leavesTheOldOne(place)) {
                    flip(place, SECTOR);
                    clear(place, oldEnd);
                    return;
                }
            }
        }
        int spanned = HeaderExtension.padded(Math.max(oldEnd, compact.end()));
        int usedEnd = oldEnd;
        if (header.headerLength() + HeaderExtension.PREFIX <= SECTOR) {
            Header third = filled(spanned);
            if (HeaderWriter.length(third) <= cluster.capacity()) {
                Place place = place(third, HeaderWriter.extensionsEnd(third));
                flip(place, spanned);
                usedEnd = place.end();
            }
        }
        flip(compact, SECTOR);
        clear(compact, usedEnd);
    }

    /**
     * A header as bytes.
     *
     * @param bytes from the file's start to the end of what the header uses
     * @param extensionsEnd where the extensions end
     * @param nameOffset where the backing file's name begins
     */
    private record Place(ByteBuffer bytes, int extensionsEnd, int nameOffset) {
        int end() {
            return bytes.capacity();
        }
    }

    private static Place place(Header header, int nameOffset) throws ImageException {
        return new Place(HeaderWriter.write(header, nameOffset), HeaderWriter.extensionsEnd(header), nameOffset);
    }

    /** The new header with a filler before its extensions, so that these begin at an offset. */
    private Header filled(int offset) {
        List<HeaderExtension> extensions = new ArrayList<>();
        extensions.add(new HeaderExtension(FILLER, new byte[offset - header.headerLength() - HeaderExtension.PREFIX]));
        extensions.addAll(header.extensions());
        return header.withExtensions(extensions);
    }

    /** Whether behind the first sector nothing changes that the old header uses. */
    private boolean leavesTheOldOne(Place place) {
        for (int at = SECTOR; at < place.end(); at++) {
            boolean needed = at < place.extensionsEnd() || at >= place.nameOffset();
            if (needed && oldUses(at) && place.bytes().get(at) != cluster.get(at)) {
                return false;
            }
        }
        return true;
    }

    private boolean oldUses(int at) {
        return at < oldExtensionsEnd || (at >= oldNameOffset && at < oldNameOffset + HeaderWriter.nameLength(old));
    }

    /**
     * Writes what lies behind the first sector, then that sector; durable on return.
     *
     * @param from what lies before is the first sector's, or a filler's
     */
    private void flip(Place place, int from) throws IOException {
        write(place, from, place.extensionsEnd());
        write(place, Math.max(from, place.nameOffset()), place.end());
        file.flush();
        ByteBuffer first = ByteBuffer.allocate(SECTOR);
        first.put(0, place.bytes().array(), 0, Math.min(SECTOR, place.end()));
        file.write(first, 0);
        file.flush();
    }

    private void write(Place place, int from, int end) throws IOException {
        if (end > from) {
            file.write(place.bytes().duplicate().limit(end).position(from), from);
        }
    }

    /** Zeroes what the present header does not use and an earlier one did; nothing depends on it. */
    private void clear(Place place, int usedEnd) throws IOException {
        zero(Math.max(SECTOR, place.extensionsEnd()), place.nameOffset());
        zero(Math.max(SECTOR, place.end()), usedEnd);
    }

    private void zero(int from, int end) throws IOException {
        if (end > from) {
            file.write(ByteBuffer.allocate(end - from), from);
        }
    }
}
