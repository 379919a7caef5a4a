package io.jimg.qcow2.amend;

import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.change.MetadataChange;
import io.jimg.qcow2.header.Header;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Tells whether the image or one of its snapshots has a compressed cluster. Changes nothing. */
public final class CompressedSearch implements MetadataChange<Boolean> {
    private static final long COMPRESSED = 1L << 62;

    @Override
    public Boolean apply(ExclusiveFile image) throws IOException {
        Header header = image.header();
        ByteBuffer table = ByteBuffer.allocate(header.clusterSize());
        boolean[] found = {false};
        AllTables all = new AllTables(image, (done, total) -> {});
        all.requireSnapshots();
        all.each((hostOffset, guestOffset, active) -> {
            if (!found[0]) {
                image.file().read(table.clear(), hostOffset);
                for (int at = 0; at < table.capacity(); at += header.l2EntrySize()) {
                    found[0] |= (table.getLong(at) & COMPRESSED) != 0;
                }
            }
        });
        return found[0];
    }
}
