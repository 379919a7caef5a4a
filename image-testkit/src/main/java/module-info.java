/** What tests of devices, storages and formats stand on: contracts to inherit, storages that fail, the real tools. */
open module io.jimg.testkit {
    requires static transitive org.junit.platform.launcher;
    requires static transitive org.jspecify;
    requires transitive io.jimg;
    requires transitive net.jqwik.api;
    requires transitive org.assertj.core;
    requires transitive org.junit.jupiter.api;
    requires transitive org.junit.jupiter.params;

    exports io.jimg.testkit;
}
