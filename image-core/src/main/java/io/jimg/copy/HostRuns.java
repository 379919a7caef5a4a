package io.jimg.copy;

import io.jimg.BlockDevice;
import io.jimg.DiskImage;
import io.jimg.Extent;
import io.jimg.copy.Piece.HostPlace;
import io.jimg.copy.Piece.Kind;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds where a source's plain data lies in files of the host. Safe for many threads. */
final class HostRuns {
    private final DiskImage source;
    private final int unit;

    /** In pieces that are a multiple of {@code unit}, but for the source's end. */
    HostRuns(DiskImage source, int unit) {
        this.source = source;
        this.unit = unit;
    }

    /**
     * A piece of data cut into pieces that can be copied within the host; the piece as it is where that cannot be for
     * all of it.
     */
    List<Piece> cut(Piece data) throws IOException {
        List<Piece> pieces = new ArrayList<>();
        for (long at = data.guestOffset(); at < data.end(); ) {
            Extent extent = source.extentAt(at, data.end() - at, BlockDevice.ALL_LAYERS);
            Storage file = extent.data() ? fileOf(extent) : null;
            if (file == null || (extent.end() % unit != 0 && extent.end() != data.end())) {
                return List.of(data);
            }
            HostPlace place = new HostPlace(file, extent.hostOffset());
            pieces.add(new Piece(Kind.COPY, at, extent.length(), place, null, null));
            at = extent.end();
        }
        return pieces;
    }

    private @Nullable Storage fileOf(Extent extent) {
        DiskImage layer = source;
        for (int depth = 0; depth < extent.depth() && layer != null; depth++) {
            layer = layer.backing();
        }
        if (layer == null || extent.hostOffset() == Extent.NO_HOST_OFFSET) {
            return null;
        }
        for (DiskImage.Child child : layer.children()) {
            if (child.storage().name().equals(extent.hostFile())) {
                return child.storage();
            }
        }
        return null;
    }
}
