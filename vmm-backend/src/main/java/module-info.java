/** The hook that feeds an open image to the disk of a virtual machine monitor, and an NBD server behind it. */
module io.jimg.vmm {
    requires static transitive org.jspecify;
    requires transitive io.jimg;
    requires transitive io.jimg.nbd;

    exports io.jimg.vmm;
    exports io.jimg.vmm.nbd;

    uses io.jimg.vmm.DiskBackend;

    provides io.jimg.vmm.DiskBackend with
            io.jimg.vmm.nbd.NbdBackend;
}
