package io.jimg.storage;

import java.io.IOException;

/**
 * Where data were found last in a file. To ask the host again for each request in them costs a walk to their end. What
 * others punch meanwhile still counts as data, which is true of its bytes. Safe for many threads.
 */
final class LastData {
    /**
     * Bytes that are no hole. Compared by identity, so that what was asked before a change is not remembered after it.
     */
    static final class Run {
        private final long from;
        private final long end;

        private Run(long from, long end) {
            this.from = from;
            this.end = end;
        }

        boolean holds(long hostOffset) {
            return from <= hostOffset && hostOffset < end;
        }

        long end() {
            return end;
        }
    }

    /** Asks the host. */
    @FunctionalInterface
    interface Holes {
        /** The next hole behind data. */
        long next() throws IOException;
    }

    private volatile Run last = new Run(0, 0);

    /** What was found last; it may be anywhere. */
    Run run() {
        return last;
    }

    /** Asks where the data end that begin at an offset, and remembers it unless the file changed meanwhile. */
    Run find(long hostOffset, Holes holes) throws IOException {
        Run before = last;
        Run found = new Run(hostOffset, holes.next());
        synchronized (this) {
            if (last == before) {
                last = found;
            }
        }
        return found;
    }

    /** Holes may have come up anywhere. */
    synchronized void forget() {
        last = new Run(0, 0);
    }
}
