package io.jimg.vmdk.sparse;

import io.jimg.ImageException;
import io.jimg.OpenLimits;

/** What the tables of all extents of a disk may take together. For one thread. */
public final class TableBudget {
    private final OpenLimits limits;
    private final String resource;
    private long used;

    /**
     * A budget that nothing was taken from.
     *
     * @param resource the disk's name, for sentences
     */
    public TableBudget(OpenLimits limits, String resource) {
        this.limits = limits;
        this.resource = resource;
    }

    /** A budget without bounds. */
    public static TableBudget unlimited() {
        return new TableBudget(OpenLimits.NONE, "");
    }

    /**
     * Takes bytes off the budget, before they are allocated.
     *
     * @throws ImageException {@link io.jimg.ErrorKind#LIMIT}
     */
    public void reserve(long bytes) throws ImageException {
        used += bytes;
        limits.checkMetadata(used, resource);
    }

    /** Refuses compressed grains that are too large. */
    void checkGrain(int bytes) throws ImageException {
        limits.checkRun(bytes, resource);
    }
}
