package io.jimg.host.file;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/** Things to close together, the last first. Safe for use by several threads. */
final class Openings implements Closeable {
    private final Deque<Closeable> openings = new ArrayDeque<>();

    synchronized void add(Closeable opening) {
        openings.push(opening);
    }

    synchronized void addAll(Openings others) {
        openings.addAll(others.openings);
    }

    /** Closes all, whatever fails, and then fails with the first failure. */
    @Override
    public synchronized void close() throws IOException {
        IOException failure = null;
        while (!openings.isEmpty()) {
            try {
                openings.pop().close();
            } catch (IOException e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
