package io.jimg.vmdk.image;

import io.jimg.spi.Closing;
import io.jimg.storage.Storage;
import io.jimg.vmdk.sparse.GrainCodec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The extents of an open image side by side, and what was opened for them.
 *
 * @param list in guest order, without gaps
 * @param file the file with the descriptor
 * @param codec of the compressed ones
 */
record Parts(List<Part> list, Storage file, GrainCodec codec) implements AutoCloseable {
    Parts {
        list = List.copyOf(list);
    }

    /** Guest bytes. */
    long size() {
        return list.isEmpty() ? 0 : list.get(list.size() - 1).end();
    }

    /** The part that has a guest offset inside the disk. */
    Part at(long guestOffset) {
        int low = 0;
        int high = list.size() - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (list.get(middle).start() <= guestOffset) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return list.get(low);
    }

    /** Every file once, that of the descriptor last. */
    List<Storage> files() {
        Set<Storage> files = new LinkedHashSet<>();
        for (Part part : list) {
            Storage of = part.extent().file();
            if (of != null && of != file) {
                files.add(of);
            }
        }
        List<Storage> all = new ArrayList<>(files);
        all.add(file);
        return all;
    }

    /** Closes all, whatever fails; throws the first failure. */
    @Override
    public void close() throws IOException {
        codec.close();
        Closing.all(files());
    }
}
