/** The raw format: a guest's bytes as they are. */
module io.jimg.raw {
    requires static transitive org.jspecify;
    requires transitive io.jimg;

    exports io.jimg.raw;

    provides io.jimg.spi.ImageFormat with
            io.jimg.raw.RawFormat;
}
