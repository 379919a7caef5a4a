/** jimg's core and all its formats: requiring this module puts every format within the registry's reach. */
module io.jimg.all {
    requires static transitive org.jspecify;
    requires transitive io.jimg;
    requires io.jimg.crypto;
    requires io.jimg.luks;
    requires io.jimg.nbd;
    requires io.jimg.qcow2;
    requires io.jimg.raw;
    requires io.jimg.vmdk;

    exports io.jimg.all;
}
