package io.jimg.debug;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.host.Errno;
import io.jimg.storage.StorageEvent;
import java.util.ArrayList;
import java.util.List;

/**
 * The rules at work: events change the state and put rules in force, which then hold for every request until an event
 * puts others in force. Safe for many threads.
 */
final class Rules {
    private static final long FIRST_STATE = 1;

    private final List<ErrorRule> errors;
    private final List<StateRule> states;
    private List<ErrorRule> inForce = List.of();
    private long state = FIRST_STATE;

    Rules(RuleTable table) {
        this.errors = new ArrayList<>(table.errors());
        this.states = List.copyOf(table.states());
    }

    /** An event has come. */
    synchronized void event(StorageEvent event) {
        List<ErrorRule> met = new ArrayList<>();
        for (ErrorRule rule : errors) {
            if (rule.event() == event && (rule.state() == 0 || rule.state() == state)) {
                met.add(rule);
            }
        }
        if (!met.isEmpty()) {
            inForce = met;
        }
        // All rules see the state from before the event.
        long next = state;
        for (StateRule rule : states) {
            if (rule.event() == event && (rule.state() == 0 || rule.state() == state)) {
                next = rule.newState();
            }
        }
        state = next;
    }

    /**
     * A request is about to be made.
     *
     * @throws ImageException if a rule makes it fail
     */
    synchronized void request(RequestKind kind, long offset, long length) throws ImageException {
        for (ErrorRule rule : inForce) {
            if (rule.hits(kind, offset, length)) {
                if (rule.once()) {
                    inForce = new ArrayList<>(inForce);
                    inForce.remove(rule);
                    errors.remove(rule);
                }
                if (rule.errno() != 0) {
                    throw failure(rule.errno());
                }
                return;
            }
        }
    }

    private static ImageException failure(int errno) {
        ErrorKind kind = switch (errno) {
            case Errno.ENOSPC, Errno.EDQUOT -> ErrorKind.NO_SPACE;
            case Errno.EPERM, Errno.EACCES, Errno.EROFS -> ErrorKind.PERMISSION;
            case Errno.EFBIG -> ErrorKind.LIMIT;
            default -> ErrorKind.IO;
        };
        return new ImageException(kind, Errno.text(errno));
    }
}
