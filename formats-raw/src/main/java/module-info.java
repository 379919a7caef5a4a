/** The raw format. */
module io.jimg.raw {
    requires static transitive org.jspecify;
    requires io.jimg;
}
