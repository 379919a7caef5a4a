/** The raw format. */
module io.jimg.raw {
    requires static org.jspecify;
    requires io.jimg;
}
