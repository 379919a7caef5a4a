package io.jimg.debug;

import io.jimg.Limits;
import io.jimg.capability.Breakpoints;
import io.jimg.storage.ForwardingStorage;
import io.jimg.storage.HostExtent;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import io.jimg.storage.StorageEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/**
 * A storage on another one that fails, or waits, where rules and breakpoints say so, and asks for other alignments and
 * lengths of requests.
 */
final class DebugStorage extends ForwardingStorage implements Breakpoints {
    private final String name;
    private final Rules rules;
    private final Constraints constraints;
    private final Limits limits;
    private final Suspensions suspensions = new Suspensions();

    /**
     * Over {@code inner}, which it closes.
     *
     * @param name what it is called in messages
     */
    DebugStorage(Storage inner, String name, Rules rules, Constraints constraints) {
        super(inner);
        this.name = name;
        this.rules = rules;
        this.constraints = constraints;
        this.limits = constraints.applyTo(inner.limits());
        rules.event(StorageEvent.NONE);
    }

    @Override
    public void about(StorageEvent event) throws IOException {
        rules.event(event);
        suspensions.event(event);
        super.about(event);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String protocol() {
        return BlkdebugProtocol.NAME;
    }

    @Override
    public Limits limits() {
        return limits;
    }

    @Override
    public void read(ByteBuffer destination, long hostOffset) throws IOException {
        rules.request(RequestKind.READ, hostOffset, destination.remaining());
        super.read(destination, hostOffset);
    }

    @Override
    public void write(ByteBuffer source, long hostOffset) throws IOException {
        rules.request(RequestKind.WRITE, hostOffset, source.remaining());
        super.write(source, hostOffset);
    }

    @Override
    public Outcome zero(long hostOffset, long length, boolean keepAllocated) throws IOException {
        rules.request(RequestKind.WRITE_ZEROES, hostOffset, length);
        return constraints.split(
                hostOffset, length, constraints.maxZero(), (at, piece) -> super.zero(at, piece, keepAllocated));
    }

    @Override
    public void discard(long hostOffset, long length) throws IOException {
        rules.request(RequestKind.DISCARD, hostOffset, length);
        constraints.discard(hostOffset, length, super::discard);
    }

    @Override
    public Outcome punch(long hostOffset, long length) throws IOException {
        rules.request(RequestKind.DISCARD, hostOffset, length);
        return constraints.split(hostOffset, length, constraints.maxDiscard(), super::punch);
    }

    @Override
    public HostExtent extentAt(long hostOffset, long length) throws IOException {
        rules.request(RequestKind.BLOCK_STATUS, hostOffset, length);
        return super.extentAt(hostOffset, length);
    }

    /** Never inside the host: what is copied there would pass the rules by. */
    @Override
    public Outcome copyFrom(Storage source, long sourceOffset, long hostOffset, long length) {
        return Outcome.UNSUPPORTED;
    }

    @Override
    public void flush() throws IOException {
        rules.request(RequestKind.FLUSH, 0, 0);
        super.flush();
    }

    @Override
    public void breakAt(StorageEvent event, String tag) {
        suspensions.breakAt(event, tag);
    }

    @Override
    public boolean remove(String tag) {
        return suspensions.remove(tag);
    }

    @Override
    public boolean resume(String tag) {
        return suspensions.resume(tag);
    }

    @Override
    public void await(String tag) throws InterruptedException {
        suspensions.await(tag);
    }

    @Override
    public void onSuspended(Consumer<String> listener) {
        suspensions.onSuspended(listener);
    }
}
