package io.jimg.qcow2.resize;

import java.io.IOException;

/** Writes clusters that the guest reads as zero, encrypted where its data is. */
@FunctionalInterface
public interface ZeroData {
    /** Writes one cluster. */
    void write(long hostOffset, long guestOffset) throws IOException;
}
