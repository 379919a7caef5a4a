package io.jimg.testkit;

import io.jimg.ImageException;
import io.jimg.storage.ForwardingStorage;
import io.jimg.storage.HostExtent;
import io.jimg.storage.Outcome;
import io.jimg.storage.Sharing;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A storage whose calls fail as its {@link FaultPlan} says. Owns the inner storage. Safe for many threads. */
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
        /** {@link Storage#share}. */
        SHARE,
        /** {@link Storage#flush}. */
        FLUSH,
        /** {@link Storage#close}, which closes the inner storage all the same. */
        CLOSE,
        /** The opening of an existing storage by a driver that counts it. */
        OPEN,
        /** The making or emptying of a storage by a driver that counts it. */
        CREATE;

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
        UNSUPPORTED,
        /** None: the calling thread is interrupted, and the call goes on. */
        INTERRUPT
    }

    private final FaultPlan plan;

    /** Without any fault, until told so. */
    public FaultyStorage(Storage inner) {
        this(inner, new FaultPlan());
    }

    /** With a plan that other storages may share. */
    public FaultyStorage(Storage inner, FaultPlan plan) {
        super(inner);
        this.plan = plan;
    }

    /** As {@link FaultPlan#failNth}. */
    public FaultyStorage failNth(Set<Call> calls, long n, Fault fault) {
        plan.failNth(calls, n, fault);
        return this;
    }

    /** As {@link FaultPlan#failFrom}. */
    public FaultyStorage failFrom(Set<Call> calls, long n, Fault fault) {
        plan.failFrom(calls, n, fault);
        return this;
    }

    /** Lets every call succeed again. */
    public void heal() {
        plan.heal();
    }

    /** How many calls of those named there have been. */
    public long count(Set<Call> calls) {
        return plan.count(calls);
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
    public Outcome zeroIfFast(long hostOffset, long length) throws IOException {
        return answer(Call.ZERO) == Outcome.DONE ? super.zeroIfFast(hostOffset, length) : Outcome.UNSUPPORTED;
    }

    @Override
    public void discard(long hostOffset, long length) throws IOException {
        if (answer(Call.PUNCH) == Outcome.DONE) {
            super.discard(hostOffset, length);
        }
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
    public void share(Sharing sharing) throws IOException {
        failWhole(Call.SHARE);
        super.share(sharing);
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

    private @Nullable Fault next(Call call) {
        return plan.next(call);
    }

    private void failWhole(Call call) throws ImageException {
        plan.failWhole(call, name());
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
        FaultPlan.raise(fault, name());
    }
}
