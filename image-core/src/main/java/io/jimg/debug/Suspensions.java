package io.jimg.debug;

import io.jimg.capability.Breakpoints;
import io.jimg.storage.StorageEvent;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Breakpoints, and the requests that are held up by them. */
final class Suspensions implements Breakpoints {
    private record Breakpoint(StorageEvent event, String tag) {}

    private static final class Suspended {
        final String tag;
        boolean released;

        Suspended(String tag) {
            this.tag = tag;
        }
    }

    private final List<Breakpoint> breakpoints = new ArrayList<>();
    private final List<Suspended> suspended = new ArrayList<>();
    private Consumer<String> listener = tag -> {};

    /** A request has come to a step: waits where a breakpoint is set. */
    void event(StorageEvent event) throws InterruptedIOException {
        Breakpoint met;
        Consumer<String> told;
        synchronized (this) {
            met = take(event);
            told = listener;
        }
        if (met != null) {
            // Told first: who waits for the request then finds what the listener made of it.
            told.accept(met.tag());
            awaitRelease(new Suspended(met.tag()));
        }
    }

    private synchronized void awaitRelease(Suspended request) throws InterruptedIOException {
        suspended.add(request);
        notifyAll();
        try {
            while (!request.released) {
                wait();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        } finally {
            suspended.remove(request);
        }
    }

    private @Nullable Breakpoint take(StorageEvent event) {
        for (Breakpoint breakpoint : breakpoints) {
            if (breakpoint.event() == event) {
                breakpoints.remove(breakpoint);
                return breakpoint;
            }
        }
        return null;
    }

    @Override
    public synchronized void breakAt(StorageEvent event, String tag) {
        breakpoints.add(new Breakpoint(event, tag));
    }

    @Override
    public synchronized boolean remove(String tag) {
        boolean removed = breakpoints.removeIf(breakpoint -> breakpoint.tag().equals(tag));
        while (resume(tag)) {
            // Every one of them.
        }
        return removed;
    }

    @Override
    public synchronized boolean resume(String tag) {
        for (Suspended request : suspended) {
            if (request.tag.equals(tag) && !request.released) {
                request.released = true;
                notifyAll();
                return true;
            }
        }
        return false;
    }

    @Override
    public synchronized void await(String tag) throws InterruptedException {
        while (suspended.stream().noneMatch(request -> request.tag.equals(tag) && !request.released)) {
            wait();
        }
    }

    @Override
    public synchronized void onSuspended(Consumer<String> newListener) {
        listener = newListener;
    }
}
