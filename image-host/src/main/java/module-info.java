/**
 * The host's own calls (holes, punching, cloning, locks, fast deflate) where the running Java can make them; elsewhere
 * each answers that it is not here.
 */
module io.jimg.host {
    requires static transitive org.jspecify;

    exports io.jimg.host;
    exports io.jimg.host.deflate;
    exports io.jimg.host.file;
    exports io.jimg.host.ipc;
}
