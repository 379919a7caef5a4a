package io.jimg.cli;

import io.jimg.testkit.QemuOracle;
import java.nio.file.Path;

/**
 * An image for tests of servers: qcow2, of which the first two MiB are ones.
 *
 * @param oracle that made it
 * @param image where it lies
 * @param socket where it may be served
 */
record DiskToServe(QemuOracle oracle, Path image, Path socket) {

    /**
     * Makes it.
     *
     * @param size as qemu-img reads it
     */
    static DiskToServe in(Path folder, String size) {
        QemuOracle oracle = QemuOracle.assumeVersion(10);
        Path image = folder.resolve("disk.qcow2");
        oracle.img("create", "-q", "-f", "qcow2", image, size).expectExit(0);
        oracle.ioCommands("qcow2", image, "write -P 1 0 2M");
        return new DiskToServe(oracle, image, folder.resolve("s"));
    }
}
