/** What tests of devices, storages and formats stand on: contracts to inherit, storages that fail, the real tools. */
module io.jimg.testkit {
    requires static org.jspecify;
    requires io.jimg;
}
