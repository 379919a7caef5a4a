package io.jimg.qcow2.change;

import java.io.IOException;

/** Is told how far a change has come, and throws where it is no longer wanted. */
@FunctionalInterface
public interface Pulse {
    /** So much of so much is done. */
    void passed(long done, long total) throws IOException;
}
