/**
 * The hook that feeds an open image to the disk of a virtual machine monitor, with an NBD server, a vhost-user-blk back
 * end, and a virtio block device for a monitor in the same JVM.
 */
module io.jimg.vmm {
    requires static transitive org.jspecify;
    requires io.jimg.host;
    requires transitive io.jimg;
    requires transitive io.jimg.nbd;

    exports io.jimg.vmm;
    exports io.jimg.vmm.nbd;
    exports io.jimg.vmm.vhost;
    exports io.jimg.vmm.virtio;

    uses io.jimg.vmm.DiskBackend;

    provides io.jimg.vmm.DiskBackend with
            io.jimg.vmm.nbd.NbdBackend,
            io.jimg.vmm.vhost.VhostUserBackend;
}
