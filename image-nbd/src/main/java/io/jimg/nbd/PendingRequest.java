package io.jimg.nbd;

import io.jimg.nbd.wire.NbdError;
import java.io.StreamCorruptedException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import org.jspecify.annotations.Nullable;

/** A request in flight. Its fields belong to who receives, until it is done. */
final class PendingRequest {
    final int command;
    final int commandFlags;
    final long offset;
    final long length;
    /** Where a read's bytes go, from its position on; null for other commands. */
    final @Nullable ByteBuffer destination;
    /** The context of which a block status is wanted; -1 for other commands. */
    final int context;
    /** Signalled where the one who waits must look again. */
    final Condition wake;

    /** Its number on the connection, from 1 on. */
    long cookie;

    /** Bytes of a read that came. */
    long covered;

    final List<StatusExtent> extents = new ArrayList<>();

    @Nullable
    NbdError error;

    @Nullable
    Throwable lost;

    boolean done;

    PendingRequest(
            int command,
            int commandFlags,
            long offset,
            long length,
            @Nullable ByteBuffer destination,
            int context,
            Condition wake) {
        this.command = command;
        this.commandFlags = commandFlags;
        this.offset = offset;
        this.length = length;
        this.destination = destination;
        this.context = context;
        this.wake = wake;
    }

    /**
     * The part of the destination for a run of the export.
     *
     * @throws StreamCorruptedException where the run lies outside of what is still to come
     */
    ByteBuffer place(long runOffset, long runLength) throws StreamCorruptedException {
        if (destination == null
                || runLength <= 0
                || runOffset < offset
                || runOffset - offset > length
                || runLength > length - (runOffset - offset)
                || runLength > length - covered) {
            throw new StreamCorruptedException("the server sent bytes that were not asked for");
        }
        covered += runLength;
        return destination.slice(destination.position() + (int) (runOffset - offset), (int) runLength);
    }
}
