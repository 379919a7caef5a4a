package io.jimg.host.file;

import io.jimg.host.kernel.Kernel;
import io.jimg.host.kernel.SystemCall;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.Optional;

/** What the kernel's {@code statx} says about a file; Java's attributes lack it. */
record Statx(long allocatedSize, Optional<DirectAlignment> directAlignment) {
    private static final int SIZE = 256;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int STATX_BLOCKS = 0x400;
    private static final int STATX_DIOALIGN = 0x2000;

    static Statx of(HostFile file) throws IOException {
        // One buffer for the path, which is empty, and the answer behind it.
        ByteBuffer buffer = Kernel.struct(8 + SIZE);
        long address = file.addressOf(buffer);
        try {
            file.checked(
                    file.call(SystemCall.STATX, address, AT_EMPTY_PATH, STATX_BLOCKS | STATX_DIOALIGN, address + 8, 0));
        } finally {
            Reference.reachabilityFence(buffer);
        }
        int mask = buffer.getInt(8);
        int memory = buffer.getInt(8 + 0x98);
        int offset = buffer.getInt(8 + 0x9c);
        boolean known = (mask & STATX_DIOALIGN) != 0 && memory != 0 && offset != 0;
        return new Statx(
                buffer.getLong(8 + 0x30) * 512,
                known ? Optional.of(new DirectAlignment(memory, offset)) : Optional.empty());
    }
}
