/** The qcow2 format. */
module io.jimg.qcow2 {
    requires static transitive org.jspecify;
    requires io.jimg;
    requires io.jimg.host;
    requires com.github.luben.zstd_jni;
}
