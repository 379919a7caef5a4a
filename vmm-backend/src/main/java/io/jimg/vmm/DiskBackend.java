package io.jimg.vmm;

import io.jimg.BlockDevice;
import io.jimg.Options;
import io.jimg.spi.Schema;
import java.io.IOException;

/**
 * One way of feeding a block device to a virtual machine monitor. Found by {@link java.util.ServiceLoader}; stateless
 * and safe for many threads.
 */
public interface DiskBackend {

    /** The transport's name, such as {@code nbd}. */
    String name();

    /** Options of {@link #start}. */
    Schema schema();

    /**
     * Offers a device from now on, until the result is closed.
     *
     * @param device of any format, under any decorators; it stays the caller's, who closes it after the export
     * @param options read by {@link #schema()}
     * @throws IOException where the transport cannot be had; nothing is left behind then
     */
    RunningExport start(BlockDevice device, Options options) throws IOException;
}
