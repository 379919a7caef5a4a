package io.jimg.cli.serve;

import java.io.IOException;
import java.util.List;

/** Exports that are on offer. */
public interface Service extends AutoCloseable {

    /** Where each export is to be had, in the order of the exports. */
    List<String> addresses();

    /** Waits until clients have come and the last of them has gone. */
    void awaitLastClient() throws InterruptedException;

    /**
     * Takes the exports back; what is in flight is finished and made durable.
     *
     * @throws IOException where that fails
     */
    @Override
    void close() throws IOException;
}
