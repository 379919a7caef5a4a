package io.jimg.debug;

import io.jimg.storage.StorageEvent;
import java.util.Set;

/**
 * From an event on, requests fail.
 *
 * @param event the event
 * @param state the state that the rule holds in; 0 for any
 * @param kinds which requests fail
 * @param errno with which error of the host
 * @param sector the sector of 512 bytes that a request must touch; {@link #ANY_SECTOR} for any
 * @param once whether only one does
 */
record ErrorRule(StorageEvent event, long state, Set<RequestKind> kinds, int errno, long sector, boolean once) {
    static final long ANY_SECTOR = -1;

    private static final int SECTOR = 512;

    /** Whether a request fails, once the rule is in force. */
    boolean hits(RequestKind kind, long offset, long length) {
        if (!kinds.contains(kind)) {
            return false;
        }
        return sector == ANY_SECTOR || (offset < (sector + 1) * SECTOR && offset + length > sector * SECTOR);
    }
}
