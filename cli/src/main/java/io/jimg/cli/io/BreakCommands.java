package io.jimg.cli.io;

import io.jimg.DiskImage;
import io.jimg.capability.Breakpoints;
import io.jimg.host.Errno;
import io.jimg.storage.BlockDeviceStorage;
import io.jimg.storage.Storage;
import io.jimg.storage.StorageEvent;
import java.io.InterruptedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code break}, {@code wait_break}, {@code resume} and {@code remove_break}: requests held up on their way. */
final class BreakCommands {
    private BreakCommands() {}

    static IoCommand set() {
        return new SimpleCommand(
                new Syntax(
                        "break",
                        null,
                        2,
                        2,
                        "event tag",
                        "sets a breakpoint on event and tags the stopped request as tag"),
                true,
                BreakCommands::set);
    }

    static IoCommand await() {
        return new SimpleCommand(
                new Syntax("wait_break", null, 1, 1, "tag", "waits for the suspension of a request"),
                true,
                BreakCommands::await);
    }

    static IoCommand resume() {
        return new SimpleCommand(
                new Syntax("resume", null, 1, 1, "tag", "resumes the request tagged as tag"),
                true,
                BreakCommands::resume);
    }

    static IoCommand remove() {
        return new SimpleCommand(
                new Syntax("remove_break", null, 1, 1, "tag", "remove a breakpoint by tag"),
                true,
                BreakCommands::remove);
    }

    private static void set(Session session, List<String> operands) throws IoFailure {
        Breakpoints breakpoints = find(session.image());
        StorageEvent event = StorageEvent.find(operands.get(0));
        if (breakpoints == null || event == null) {
            throw failed("Could not set breakpoint", breakpoints);
        }
        breakpoints.onSuspended(
                tag -> session.aio().note(() -> session.console().line("blkdebug: Suspended request '" + tag + "'")));
        breakpoints.breakAt(event, operands.get(1));
    }

    private static void await(Session session, List<String> operands) throws IoFailure, InterruptedIOException {
        Breakpoints breakpoints = find(session.image());
        if (breakpoints == null) {
            throw failed("Could not wait for a request", null);
        }
        try {
            breakpoints.await(operands.get(0));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
        session.aio().report();
    }

    private static void resume(Session session, List<String> operands) throws IoFailure {
        Breakpoints breakpoints = find(session.image());
        // What ended before is said before: the request that goes on may be over before the next line is printed.
        session.aio().report();
        if (breakpoints == null || !breakpoints.resume(operands.get(0))) {
            throw failed("Could not resume request", breakpoints);
        }
        session.console().line("blkdebug: Resuming request '" + operands.get(0) + "'");
    }

    private static void remove(Session session, List<String> operands) throws IoFailure {
        Breakpoints breakpoints = find(session.image());
        if (breakpoints == null || !breakpoints.remove(operands.get(0))) {
            throw failed("Could not remove breakpoint " + operands.get(0), breakpoints);
        }
    }

    private static IoFailure failed(String what, @Nullable Breakpoints breakpoints) {
        return IoFailure.result(what + ": " + Errno.text(breakpoints == null ? Errno.EOPNOTSUPP : Errno.ENOENT));
    }

    /** The first storage below an image that can hold requests up; null where there is none. */
    private static @Nullable Breakpoints find(DiskImage image) {
        for (DiskImage.Child child : image.children()) {
            Storage storage = child.storage();
            if (storage instanceof Breakpoints breakpoints) {
                return breakpoints;
            }
            if (storage instanceof BlockDeviceStorage inner && inner.device() instanceof DiskImage below) {
                return find(below);
            }
        }
        return null;
    }
}
