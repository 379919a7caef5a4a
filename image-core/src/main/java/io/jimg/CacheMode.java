package io.jimg;

/**
 * How the host's page cache and flushes are used; the names and meanings are QEMU's.
 *
 * @see <a href="https://www.qemu.org/docs/master/system/invocation.html">QEMU invocation, -drive cache=</a>
 */
public enum CacheMode {
    /** Host cache, flush when asked: for everything that is changed in place. */
    WRITEBACK(false, false, false),
    /** Host cache, every write is flushed. */
    WRITETHROUGH(false, true, false),
    /** No host cache (O_DIRECT), flush when asked. */
    NONE(true, false, false),
    /** No host cache, every write is flushed. */
    DIRECTSYNC(true, true, false),
    /** Host cache, flushes are ignored: for an output that is worthless until it is complete. */
    UNSAFE(false, false, true);

    private final boolean direct;
    private final boolean writeThrough;
    private final boolean noFlush;

    CacheMode(boolean direct, boolean writeThrough, boolean noFlush) {
        this.direct = direct;
        this.writeThrough = writeThrough;
        this.noFlush = noFlush;
    }

    /** Whether the host's page cache is passed by. */
    public boolean direct() {
        return direct;
    }

    /** Whether every write is made durable before it completes. */
    public boolean writeThrough() {
        return writeThrough;
    }

    /** Whether flush requests are ignored. */
    public boolean noFlush() {
        return noFlush;
    }
}
