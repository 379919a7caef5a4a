package io.jimg.qcow2.resize;

import io.jimg.ImageException;

/** Tells how far a resize has come, and throws where it is no longer wanted. */
@FunctionalInterface
public interface Pulse {
    /** So many L2 tables of all are behind. */
    void passed(long done, long total) throws ImageException;
}
