/** The VMDK format: VMware's virtual disks. */
module io.jimg.vmdk {
    requires static transitive org.jspecify;
    requires transitive io.jimg;
    requires io.jimg.host;

    exports io.jimg.vmdk;

    provides io.jimg.spi.ImageFormat with
            io.jimg.vmdk.VmdkFormat;
}
