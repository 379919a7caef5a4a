package io.jimg.vmm.vhost;

import io.jimg.BlockDevice;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.Options;
import io.jimg.spi.Schema;
import io.jimg.vmm.DiskBackend;
import io.jimg.vmm.RunningExport;
import io.jimg.vmm.virtio.VirtioBlkSettings;
import java.io.IOException;

/** The transport {@code vhost-user-blk}: one front end at a time; when it goes, another may come. */
public final class VhostUserBackend implements DiskBackend {
    /** Path of the Unix socket to listen on; required. */
    public static final Option<String> SOCKET = Option.of("socket", OptionType.STRING, "Unix socket to listen on");

    /** How many queues the guest may use. */
    public static final Option<Long> NUM_QUEUES =
            Option.of("num-queues", OptionType.NUMBER, 1L, "Number of request queues");

    /** Whether writes are refused. */
    public static final Option<Boolean> READ_ONLY = Option.of("read-only", OptionType.BOOL, false, "Refuse writes");

    /** The serial number that the guest sees. */
    public static final Option<String> SERIAL =
            Option.of("serial", OptionType.STRING, "", "Serial number, up to 20 characters");

    /** Bytes of a logical block. */
    public static final Option<Long> LOGICAL_BLOCK_SIZE =
            Option.of("logical-block-size", OptionType.NUMBER, 512L, "Logical block size in bytes");

    private static final Schema SCHEMA = Schema.of(SOCKET, NUM_QUEUES, READ_ONLY, SERIAL, LOGICAL_BLOCK_SIZE);

    /** The transport. */
    public VhostUserBackend() {}

    @Override
    public String name() {
        return "vhost-user-blk";
    }

    @Override
    public Schema schema() {
        return SCHEMA;
    }

    /**
     * Offers a device from now on; the address is the socket's path.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} where this Java or this host can't;
     *     {@link ErrorKind#BAD_OPTION}
     */
    @Override
    public RunningExport start(BlockDevice device, Options options) throws IOException {
        String socket = options.get(SOCKET);
        if (socket == null) {
            throw new ImageException(ErrorKind.BAD_OPTION, "Parameter 'socket' is missing");
        }
        VirtioBlkSettings settings;
        try {
            settings = VirtioBlkSettings.DEFAULT
                    .withSerial(options.require(SERIAL))
                    .withReadOnly(options.require(READ_ONLY))
                    .withQueues(toInt(options.require(NUM_QUEUES)))
                    .withLogicalBlock(toInt(options.require(LOGICAL_BLOCK_SIZE)));
        } catch (IllegalArgumentException outOfRange) {
            throw new ImageException(ErrorKind.BAD_OPTION, String.valueOf(outOfRange.getMessage()), outOfRange);
        }
        return VhostUserServer.start(socket, device, settings);
    }

    private static int toInt(long value) {
        return (int) Math.min(value, Integer.MAX_VALUE);
    }
}
