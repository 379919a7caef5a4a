/** The command line. */
module io.jimg.cli {
    requires static org.jspecify;
    requires io.jimg.all;
}
