package io.jimg.qcow2.image;

import io.jimg.Notices;
import io.jimg.qcow2.allocation.ClusterAllocator;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.header.Header;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The {@link ExclusiveFile} of an image that was flushed and lets no request in. */
record ExclusiveAccess(ImageFiles files, Notices notices, Header header, WritePath path) implements ExclusiveFile {

    @Override
    public Storage file() {
        return files.file();
    }

    @Override
    public @Nullable Storage externalData() {
        return files.externalData() ? files.data() : null;
    }

    @Override
    public ClusterAllocator allocator() {
        return path.allocator();
    }

    @Override
    public void commitRefcounts() throws IOException {
        path.order().flushRefcounts();
    }

    @Override
    public void barrier() throws IOException {
        path.order().barrier();
    }

    @Override
    public void changeHeader(Consumer<ByteBuffer> fields) throws IOException {
        path.header().change(fields);
    }

    @Override
    public void rewriteHeader(UnaryOperator<Header> change) throws IOException {
        path.header().rewrite(change);
    }
}
