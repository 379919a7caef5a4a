/** The block device, the image, the storage under it and the operations on top. */
module io.jimg {
    requires static transitive org.jspecify;
    requires io.jimg.host;
    requires com.fasterxml.jackson.core;
    requires jdk.unsupported; // O_DIRECT: com.sun.nio.file.ExtendedOpenOption

    exports io.jimg;
    exports io.jimg.capability;
    exports io.jimg.device;
    exports io.jimg.ops;
    exports io.jimg.spi;
    exports io.jimg.storage;
    exports io.jimg.validate;

    uses io.jimg.spi.ImageFormat;
    uses io.jimg.spi.ProtocolDriver;

    provides io.jimg.spi.ProtocolDriver with
            io.jimg.debug.BlkdebugProtocol,
            io.jimg.quorum.QuorumProtocol,
            io.jimg.storage.FileProtocol,
            io.jimg.storage.HostDeviceProtocol,
            io.jimg.storage.NullProtocol;
}
