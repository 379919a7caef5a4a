/** The NBD protocol and its client as a storage. */
module io.jimg.nbd {
    requires static transitive org.jspecify;
    requires transitive io.jimg;

    exports io.jimg.nbd;
    exports io.jimg.nbd.tls;
    exports io.jimg.nbd.wire to
            io.jimg.vmm;

    provides io.jimg.spi.ProtocolDriver with
            io.jimg.nbd.NbdProtocol;
}
