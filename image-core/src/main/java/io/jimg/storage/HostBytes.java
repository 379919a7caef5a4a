package io.jimg.storage;

import io.jimg.host.file.HostFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A file by the host's calls: Java's channels take locks around each transfer, for which threads that read small blocks
 * of one file would contend.
 *
 * @param host the file
 * @param others the same file, for buffers on the heap
 */
record HostBytes(HostFile host, FileBytes others) implements FileBytes {
    @Override
    public void read(ByteBuffer destination, long offset) throws IOException {
        if (!destination.isDirect()) {
            others.read(destination, offset);
            return;
        }
        long at = offset;
        while (destination.hasRemaining()) {
            int length = host.read(destination, at);
            if (length == 0) {
                return;
            }
            at += length;
        }
    }

    @Override
    public void write(ByteBuffer source, long offset) throws IOException {
        if (!source.isDirect()) {
            others.write(source, offset);
            return;
        }
        long at = offset;
        while (source.hasRemaining()) {
            at += host.write(source, at);
        }
    }
}
