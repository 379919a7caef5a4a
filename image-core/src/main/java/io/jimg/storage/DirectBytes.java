package io.jimg.storage;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.spi.AlignedBuffers;
import io.jimg.spi.RangeLock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.OpenOption;

/**
 * A file past the host's page cache (O_DIRECT), for requests of any alignment: those that the host refuses go through
 * the page cache after all. The kernel keeps the two ways coherent as long as they do not write to one page at the same
 * time.
 */
final class DirectBytes implements FileBytes {
    private static final int PAGE = 4096;
    private static final int LARGEST_BOUNCE = 1 << 20;

    private final FileBytes direct;
    private final FileBytes cached;
    private final int alignment;
    private final RangeLock writing = new RangeLock();

    /**
     * Both ways to one file.
     *
     * @param alignment what the host demands of offsets, lengths and addresses; a power of two
     */
    DirectBytes(FileBytes direct, FileBytes cached, int alignment) {
        this.direct = direct;
        this.cached = cached;
        this.alignment = alignment;
    }

    /**
     * What opens a channel past the page cache. It is no part of the Java platform's own API, and javac warns of
     * whoever names it; hence by reflection.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} where this Java has no such option
     */
    static OpenOption option() throws ImageException {
        try {
            for (Object constant :
                    Class.forName("com.sun.nio.file.ExtendedOpenOption").getEnumConstants()) {
                if (constant instanceof OpenOption option && constant.toString().equals("DIRECT")) {
                    return option;
                }
            }
        } catch (ClassNotFoundException otherJava) {
            throw new ImageException(ErrorKind.UNSUPPORTED, "This Java cannot pass the page cache by", otherJava);
        }
        throw new ImageException(ErrorKind.UNSUPPORTED, "This Java cannot pass the page cache by");
    }

    @Override
    public void read(ByteBuffer destination, long offset) throws IOException {
        if (!isAligned(offset, destination.remaining())) {
            cached.read(destination, offset);
        } else if (isAddressAligned(destination)) {
            direct.read(destination, offset);
        } else {
            ByteBuffer bounce = bounce(destination.remaining());
            long at = offset;
            while (destination.hasRemaining()) {
                bounce.clear().limit(Math.min(bounce.capacity(), destination.remaining()));
                direct.read(bounce, at);
                if (bounce.position() == 0) {
                    return;
                }
                at += bounce.position();
                destination.put(bounce.flip());
            }
        }
    }

    @Override
    public void write(ByteBuffer source, long offset) throws IOException {
        long firstPage = offset & -PAGE;
        long end = (offset + source.remaining() + PAGE - 1) & -PAGE;
        try (RangeLock.Held held = writing.lock(firstPage, end - firstPage)) {
            if (!isAligned(offset, source.remaining())) {
                cached.write(source, offset);
            } else if (isAddressAligned(source)) {
                direct.write(source, offset);
            } else {
                writeBounced(source, offset);
            }
        }
    }

    private void writeBounced(ByteBuffer source, long offset) throws IOException {
        ByteBuffer bounce = bounce(source.remaining());
        int end = source.limit();
        long at = offset;
        while (source.position() < end) {
            source.limit(Math.min(end, source.position() + bounce.capacity()));
            bounce.clear().put(source).flip();
            source.limit(end);
            int length = bounce.remaining();
            direct.write(bounce, at);
            at += length;
        }
    }

    private ByteBuffer bounce(int wanted) {
        return AlignedBuffers.allocate(Math.min(wanted, Math.max(alignment, LARGEST_BOUNCE)), alignment);
    }

    private boolean isAligned(long offset, int length) {
        return ((offset | length) & (alignment - 1)) == 0;
    }

    private boolean isAddressAligned(ByteBuffer buffer) {
        return buffer.isDirect() && buffer.alignmentOffset(buffer.position(), alignment) == 0;
    }
}
