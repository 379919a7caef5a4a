package io.jimg.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousFileChannel;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/**
 * A file by way of Java's channel. An interrupted thread's flag stays set, and the channel open.
 *
 * @param channel the channel, with {@link CallerRuns}
 * @param alignment what the host demands of offsets: 1 unless the channel passes the page cache by
 */
record ChannelBytes(AsynchronousFileChannel channel, int alignment) implements FileBytes {
    /** For a buffer on the heap Java keeps one of the same size off the heap, for each thread; this bounds it. */
    private static final int LARGEST_FROM_HEAP = 1 << 20;

    /** The kernel transfers 2 GiB less a page at most; smaller pieces cost nothing. */
    private static final int LARGEST = 1 << 30;

    @Override
    public void read(ByteBuffer destination, long offset) throws IOException {
        int end = destination.limit();
        int start = destination.position();
        int largest = destination.isDirect() ? LARGEST : LARGEST_FROM_HEAP;
        try {
            while (destination.position() < end) {
                destination.limit((int) Math.min(end, destination.position() + (long) largest));
                int length = await(channel.read(destination, offset + destination.position() - start));
                if (length < 0 || (length & (alignment - 1)) != 0) {
                    // Only the file's end makes a read end within a sector, and from there no read would be aligned.
                    return;
                }
            }
        } finally {
            destination.limit(end);
        }
    }

    @Override
    public void write(ByteBuffer source, long offset) throws IOException {
        int end = source.limit();
        int start = source.position();
        int largest = source.isDirect() ? LARGEST : LARGEST_FROM_HEAP;
        try {
            while (source.position() < end) {
                source.limit((int) Math.min(end, source.position() + (long) largest));
                await(channel.write(source, offset + source.position() - start));
            }
        } finally {
            source.limit(end);
        }
    }

    private static int await(Future<Integer> transfer) throws IOException {
        try {
            // Done already: the caller ran it.
            return transfer.get();
        } catch (ExecutionException failure) {
            if (failure.getCause() instanceof IOException io) {
                throw io;
            }
            throw new IOException(failure.getCause());
        } catch (InterruptedException impossible) {
            throw new AssertionError("A finished transfer has nothing to wait for", impossible);
        }
    }
}
