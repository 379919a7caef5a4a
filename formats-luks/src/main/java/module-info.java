/** The LUKS format: a disk that is encrypted as a whole. */
module io.jimg.luks {
    requires static transitive org.jspecify;
    requires transitive io.jimg;
    requires transitive io.jimg.crypto;

    exports io.jimg.luks;

    provides io.jimg.spi.ImageFormat with
            io.jimg.luks.LuksFormat;
}
