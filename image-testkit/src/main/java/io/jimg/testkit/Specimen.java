package io.jimg.testkit;

import io.jimg.BlockDevice;
import java.io.IOException;

/** A device under test, which can be opened for writing again and again. Closing it removes what it left behind. */
public interface Specimen extends AutoCloseable {

    /** What the device reads as when it is first opened; its length is the device's size, a few MiB at most. */
    byte[] initialContent();

    /** Opens it for writing; called while it is not open. */
    BlockDevice open() throws IOException;

    /**
     * Lets others judge: called after the device was closed. Tests against real tools go here.
     *
     * @param expected what it must read as
     */
    default void verifyClosed(byte[] expected) throws IOException {}

    @Override
    default void close() throws IOException {}
}
