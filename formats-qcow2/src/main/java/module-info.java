/** The qcow2 format. */
module io.jimg.qcow2 {
    requires static transitive org.jspecify;
    requires transitive io.jimg;
    requires transitive io.jimg.crypto;
    requires io.jimg.host;
    requires com.github.luben.zstd_jni;

    exports io.jimg.qcow2;

    provides io.jimg.spi.ImageFormat with
            io.jimg.qcow2.Qcow2Format;
}
