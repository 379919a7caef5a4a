package io.jimg.qcow2.check;

import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** One image for every kind of damage that the check knows; the real check must say the same of it, word by word. */
class DamagedImagesTest {
    @TempDir
    Path folder;

    @TestFactory
    Stream<DynamicTest> eachDamage() throws IOException {
        QemuOracle oracle = QemuOracle.assumeVersion(10);
        return DamagedImages.make(oracle, folder).stream()
                .map(damaged -> DynamicTest.dynamicTest(
                        damaged.name(),
                        () -> BothChecks.agree(oracle, damaged.image(), folder.resolve("image.qcow2"))));
    }
}
