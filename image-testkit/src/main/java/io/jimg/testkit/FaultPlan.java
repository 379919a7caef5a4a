package io.jimg.testkit;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.testkit.FaultyStorage.Call;
import io.jimg.testkit.FaultyStorage.Fault;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which calls fail, over one storage or over several that share this plan. Calls are counted, so that a test can first
 * run without faults, see how many calls there were, and then let each of them fail in turn. Safe for many threads.
 */
public final class FaultPlan {

    /**
     * Calls that fail.
     *
     * @param from number of the first one, counted over {@code calls} together
     * @param to number of the last one
     */
    private record Failing(Set<Call> calls, long from, long to, Fault fault) {}

    private final List<Failing> plans = new ArrayList<>();
    private final long[] counts = new long[Call.values().length];
    private long raised;

    /** Without any fault, until told so. */
    public FaultPlan() {}

    /** Lets the n-th call of those named fail, counted from now and from 1, over all of them together. */
    public synchronized FaultPlan failNth(Set<Call> calls, long n, Fault fault) {
        long before = count(calls);
        plans.add(new Failing(calls, before + n, before + n, fault));
        return this;
    }

    /** Lets the n-th call of those named and all that follow fail, counted from now and from 1. */
    public synchronized FaultPlan failFrom(Set<Call> calls, long n, Fault fault) {
        plans.add(new Failing(calls, count(calls) + n, Long.MAX_VALUE, fault));
        return this;
    }

    /** Lets every call succeed again. */
    public synchronized void heal() {
        plans.clear();
    }

    /** How many calls of those named there have been. */
    public synchronized long count(Set<Call> calls) {
        return calls.stream().mapToLong(call -> counts[call.ordinal()]).sum();
    }

    /** How many calls were made to fail. */
    public synchronized long raised() {
        return raised;
    }

    /** Counts a call, and says how it is to fail; null for not at all. */
    public synchronized @Nullable Fault next(Call call) {
        counts[call.ordinal()]++;
        for (Failing plan : plans) {
            if (plan.calls().contains(call)) {
                long number = count(plan.calls());
                if (number >= plan.from() && number <= plan.to()) {
                    raised++;
                    return plan.fault();
                }
            }
        }
        return null;
    }

    /**
     * Counts a call that fails as a whole or not at all.
     *
     * @param name whose call it is
     */
    public void failWhole(Call call, String name) throws ImageException {
        raise(next(call), name);
    }

    /** Does what a fault asks for, unless it is null. */
    static void raise(@Nullable Fault fault, String name) throws ImageException {
        if (fault == Fault.INTERRUPT) {
            Thread.currentThread().interrupt();
        } else if (fault == Fault.NO_SPACE) {
            throw new ImageException(
                    ErrorKind.NO_SPACE, "No space left on device", name, ImageException.NO_OFFSET, null);
        } else if (fault != null) {
            throw new ImageException(ErrorKind.IO, "Input/output error", name, ImageException.NO_OFFSET, null);
        }
    }
}
