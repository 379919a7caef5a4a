package io.jimg.testkit;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.storage.ForwardingStorage;
import io.jimg.storage.HostExtent;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A storage whose calls fail as told. Calls are counted, so that a test can first run without faults, see how many
 * calls there were, and then let each of them fail in turn. Owns the inner storage. Safe for many threads.
 */
public final class FaultyStorage extends ForwardingStorage {

    /** Calls that can fail. */
    public enum Call {
        /** {@link Storage#size} and {@link Storage#allocatedSize}. */
        SIZE,
        /** {@link Storage#read}. */
        READ,
        /** {@link Storage#write}. */
        WRITE,
        /** {@link Storage#zero}. */
        ZERO,
        /** {@link Storage#punch}. */
        PUNCH,
        /** {@link Storage#allocate}. */
        ALLOCATE,
        /** {@link Storage#truncate}. */
        TRUNCATE,
        /** {@link Storage#extentAt}. */
        EXTENT,
        /** {@link Storage#copyFrom}. */
        COPY,
        /** {@link Storage#flush}. */
        FLUSH,
        /** {@link Storage#close}, which closes the inner storage all the same. */
        CLOSE;

        /** Calls that change the content or the length. */
        public static final Set<Call> CHANGES = Set.of(WRITE, ZERO, PUNCH, ALLOCATE, TRUNCATE, COPY);
    }

    /** Ways to fail. */
    public enum Fault {
        /** EIO, nothing done. */
        IO,
        /** EIO after the first half of the bytes. */
        SHORT,
        /** ENOSPC after the first half of the bytes. */
        NO_SPACE,
        /** The answer {@link Outcome#UNSUPPORTED}; an EIO where there is no such answer. */
        UNSUPPORTED
    }

    private record Plan(Set<Call> calls, long from, long to, Fault fault) {}

    private final List<Plan> plans = new ArrayList<>();
    private final long[] counts = new long[Call.values().length];

    /** Without any fault, until told so. */
    public FaultyStorage(Storage inner) {
        super(inner);
    }

    /** Lets the n-th call of those named fail, counted from now and from 1, over all of them together. */
    public synchronized FaultyStorage failNth(Set<Call> calls, long n, Fault fault) {
        long before = count(calls);
        plans.add(new Plan(calls, before + n, before + n, fault));
        return this;
    }

    /** Lets the n-th call of those named and all that follow fail, counted from now and from 1. */
    public synchronized FaultyStorage failFrom(Set<Call> calls, long n, Fault fault) {
        plans.add(new Plan(calls, count(calls) + n, Long.MAX_VALUE, fault));
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

    @Override
    public long size() throws IOException {
        failWhole(Call.SIZE);
        return super.size();
    }

    @Override
    public long allocatedSize() throws IOException {
        failWhole(Call.SIZE);
        return super.allocatedSize();
    }

    @Override
    public void read(ByteBuffer destination, long hostOffset) throws IOException {
        Fault fault = next(Call.READ);
        if (fault == Fault.SHORT) {
            super.read(destination.slice(destination.position(), destination.remaining() / 2), hostOffset);
        }
        raise(fault);
        super.read(destination, hostOffset);
    }

    @Override
    public void write(ByteBuffer source, long hostOffset) throws IOException {
        Fault fault = next(Call.WRITE);
        if (fault == Fault.SHORT || fault == Fault.NO_SPACE) {
            super.write(source.slice(source.position(), source.remaining() / 2), hostOffset);
        }
        raise(fault);
        super.write(source, hostOffset);
    }

    @Override
    public Outcome zero(long hostOffset, long length, boolean keepAllocated) throws IOException {
        return answer(Call.ZERO) == Outcome.DONE ? super.zero(hostOffset, length, keepAllocated) : Outcome.UNSUPPORTED;
    }

    @Override
    public Outcome punch(long hostOffset, long length) throws IOException {
        return answer(Call.PUNCH) == Outcome.DONE ? super.punch(hostOffset, length) : Outcome.UNSUPPORTED;
    }

    @Override
    public Outcome allocate(long hostOffset, long length) throws IOException {
        return answer(Call.ALLOCATE) == Outcome.DONE ? super.allocate(hostOffset, length) : Outcome.UNSUPPORTED;
    }

    @Override
    public Outcome copyFrom(Storage source, long sourceOffset, long hostOffset, long length) throws IOException {
        return answer(Call.COPY) == Outcome.DONE
                ? super.copyFrom(source, sourceOffset, hostOffset, length)
                : Outcome.UNSUPPORTED;
    }

    @Override
    public void truncate(long newSize) throws IOException {
        failWhole(Call.TRUNCATE);
        super.truncate(newSize);
    }

    @Override
    public HostExtent extentAt(long hostOffset, long length) throws IOException {
        failWhole(Call.EXTENT);
        return super.extentAt(hostOffset, length);
    }

    @Override
    public void flush() throws IOException {
        failWhole(Call.FLUSH);
        super.flush();
    }

    @Override
    public void close() throws IOException {
        Fault fault = next(Call.CLOSE);
        super.close();
        raise(fault);
    }

    /** Counts a call, and says how it is to fail. */
    private synchronized @Nullable Fault next(Call call) {
        counts[call.ordinal()]++;
        for (Plan plan : plans) {
            if (plan.calls().contains(call)) {
                long number = count(plan.calls());
                if (number >= plan.from() && number <= plan.to()) {
                    return plan.fault();
                }
            }
        }
        return null;
    }

    private void failWhole(Call call) throws ImageException {
        raise(next(call));
    }

    private Outcome answer(Call call) throws ImageException {
        Fault fault = next(call);
        if (fault == Fault.UNSUPPORTED) {
            return Outcome.UNSUPPORTED;
        }
        raise(fault);
        return Outcome.DONE;
    }

    private void raise(@Nullable Fault fault) throws ImageException {
        if (fault == Fault.NO_SPACE) {
            throw new ImageException(
                    ErrorKind.NO_SPACE, "No space left on device", name(), ImageException.NO_OFFSET, null);
        }
        if (fault != null) {
            throw new ImageException(ErrorKind.IO, "Input/output error", name(), ImageException.NO_OFFSET, null);
        }
    }
}
