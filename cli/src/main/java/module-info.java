/** The command line. */
module io.jimg.cli {
    requires static transitive org.jspecify;
    requires info.picocli;
    requires io.jimg;
    requires io.jimg.all;
    requires io.jimg.host;
    requires io.jimg.nbd;
    requires io.jimg.vmm;
    requires jdk.unsupported; // a signal that asks for progress: sun.misc.Signal
}
