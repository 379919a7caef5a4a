package io.jimg.quorum;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Limits;
import io.jimg.spi.AlignedBuffers;
import io.jimg.spi.Closing;
import io.jimg.storage.HostExtent;
import io.jimg.storage.Outcome;
import io.jimg.storage.Sharing;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Several storages of the same length that ought to hold the same bytes. A read gives what at least so many of them
 * agree upon; a change is made in all, and holds where it worked in as many. Owns them.
 */
final class QuorumStorage implements Storage {
    private final List<Storage> members;
    private final int threshold;
    private final String name;

    QuorumStorage(List<Storage> members, int threshold, String name) {
        this.members = List.copyOf(members);
        this.threshold = threshold;
        this.name = name;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String protocol() {
        return "quorum";
    }

    @Override
    public Object identity() {
        return this;
    }

    @Override
    public boolean readOnly() {
        return members.stream().anyMatch(Storage::readOnly);
    }

    @Override
    public long size() throws IOException {
        return members.get(0).size();
    }

    @Override
    public long allocatedSize() throws IOException {
        long sum = 0;
        for (Storage member : members) {
            sum += member.allocatedSize();
        }
        return sum;
    }

    /** Those of the member that wants the most. */
    @Override
    public Limits limits() {
        Limits strictest = members.get(0).limits();
        for (Storage member : members) {
            if (member.limits().requestAlignment() > strictest.requestAlignment()) {
                strictest = member.limits();
            }
        }
        return strictest;
    }

    @Override
    public void read(ByteBuffer destination, long hostOffset) throws IOException {
        List<ByteBuffer> versions = new ArrayList<>();
        IOException failure = null;
        for (Storage member : members) {
            ByteBuffer version = AlignedBuffers.allocate(destination.remaining(), limits().bufferAlignment());
            try {
                member.read(version, hostOffset);
                versions.add(version.flip());
            } catch (IOException failed) {
                failure = failed;
            }
        }
        for (ByteBuffer version : versions) {
            if (versions.stream().filter(version::equals).count() >= threshold) {
                destination.put(version);
                return;
            }
        }
        throw disagreement(hostOffset, failure);
    }

    private ImageException disagreement(long hostOffset, @Nullable IOException failure) {
        return new ImageException(ErrorKind.IO, "Input/output error", name, hostOffset, failure);
    }

    /** A change of one member. */
    @FunctionalInterface
    private interface Change {
        void of(Storage member) throws IOException;
    }

    private void each(Change change) throws IOException {
        int done = 0;
        IOException failure = null;
        for (Storage member : members) {
            try {
                change.of(member);
                done++;
            } catch (IOException failed) {
                failure = failed;
            }
        }
        if (failure != null && done < threshold) {
            throw failure;
        }
    }

    @Override
    public void write(ByteBuffer source, long hostOffset) throws IOException {
        ByteBuffer bytes = source.duplicate();
        each(member -> member.write(bytes.duplicate(), hostOffset));
        source.position(source.limit());
    }

    @Override
    public Outcome zero(long hostOffset, long length, boolean keepAllocated) {
        return Outcome.UNSUPPORTED;
    }

    @Override
    public Outcome punch(long hostOffset, long length) {
        return Outcome.UNSUPPORTED;
    }

    @Override
    public Outcome allocate(long hostOffset, long length) {
        return Outcome.UNSUPPORTED;
    }

    @Override
    public void truncate(long newSize) throws IOException {
        each(member -> member.truncate(newSize));
    }

    @Override
    public boolean growsWithZeroes() {
        return members.stream().allMatch(Storage::growsWithZeroes);
    }

    /** What one of them calls a hole may be data in others, so all of it is data. */
    @Override
    public HostExtent extentAt(long hostOffset, long length) {
        return new HostExtent(hostOffset, length, false);
    }

    @Override
    public Outcome copyFrom(Storage source, long sourceOffset, long hostOffset, long length) {
        return Outcome.UNSUPPORTED;
    }

    @Override
    public void share(Sharing sharing) throws IOException {
        for (Storage member : members) {
            member.share(sharing);
        }
    }

    @Override
    public void flush() throws IOException {
        each(Storage::flush);
    }

    @Override
    public void close() throws IOException {
        Closing.all(members);
    }
}
