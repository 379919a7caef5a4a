package io.jimg.qcow2.allocation;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;

/**
 * Clusters that have left the mapping and wait to be freed, in three stages: their pointers' removal is not durable
 * yet; it is, but a request may still use them ({@link GracePeriod}); nobody does. Safe for many threads.
 */
public final class DeferredFrees {

    /**
     * Clusters whose refcount is to be lowered by one.
     *
     * @param hostOffset first byte, a cluster's start
     * @param clusters how many
     * @param punch whether the host may have their space back
     */
    public record Run(long hostOffset, long clusters, boolean punch) {
        private boolean continuedBy(Run next, int clusterSize) {
            return next.punch == punch && next.hostOffset == hostOffset + clusters * clusterSize;
        }
    }

    private record Batch(List<Run> runs, long mark) {}

    private final GracePeriod grace;
    private final int clusterSize;
    private final Queue<Batch> durable = new ArrayDeque<>();
    private List<Run> pending = new ArrayList<>();

    /** None yet. */
    public DeferredFrees(GracePeriod grace, int clusterSize) {
        this.grace = grace;
        this.clusterSize = clusterSize;
    }

    /** Adds clusters whose pointer has just been removed, or replaced, in the cached mapping. */
    public synchronized void add(Run run) {
        int last = pending.size() - 1;
        if (last >= 0 && pending.get(last).continuedBy(run, clusterSize)) {
            Run before = pending.get(last);
            pending.set(last, new Run(before.hostOffset, before.clusters + run.clusters, run.punch));
        } else {
            pending.add(run);
        }
    }

    /**
     * Takes those that wait for their pointers' removal to become durable: before the mapping's changes are taken for
     * writing.
     */
    public synchronized List<Run> takePending() {
        List<Run> taken = pending;
        pending = new ArrayList<>();
        return taken;
    }

    /** Takes back {@link #takePending} where writing failed. */
    public synchronized void restore(List<Run> taken) {
        pending.addAll(0, taken);
    }

    /** The removal of these clusters' pointers is durable now. */
    public synchronized void durable(List<Run> taken) {
        if (!taken.isEmpty()) {
            durable.add(new Batch(taken, grace.mark()));
        }
    }

    /** Takes those that nobody uses any more. */
    public synchronized List<Run> takeUnused() {
        List<Run> unused = new ArrayList<>();
        while (!durable.isEmpty() && grace.passed(durable.element().mark())) {
            unused.addAll(durable.remove().runs());
        }
        return unused;
    }

    /** Whether nothing waits. */
    public synchronized boolean isEmpty() {
        return pending.isEmpty() && durable.isEmpty();
    }
}
