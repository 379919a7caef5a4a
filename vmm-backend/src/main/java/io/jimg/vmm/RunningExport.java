package io.jimg.vmm;

import java.io.IOException;

/** A device that is on offer. Safe for many threads. */
public interface RunningExport extends AutoCloseable {

    /** Where it is to be had, in the form that a virtual machine monitor takes, such as a URL. */
    String address();

    /** What has happened so far. */
    ExportStatistics statistics();

    /**
     * Takes it back: no further request is taken, those in flight are finished and answered, and what they wrote is
     * made durable. The device stays open. Idempotent.
     *
     * @throws IOException where the device could not be flushed
     */
    @Override
    void close() throws IOException;
}
