/** The command line. */
module io.jimg.cli {
    requires static transitive org.jspecify;
    requires io.jimg.all;
}
