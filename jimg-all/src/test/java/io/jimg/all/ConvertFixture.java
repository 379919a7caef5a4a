package io.jimg.all;

import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.ops.Create;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.OpenGate;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** What tests of conversions share: a folder, the real tools, and short ways to sources and targets. */
abstract class ConvertFixture {
    static final Images IMAGES = Images.standard();
    static final int ODD_SIZE = 9_000_700;

    @TempDir
    Path folder;

    QemuOracle qemu;

    @BeforeEach
    void findOracle() {
        qemu = QemuOracle.assumePresent();
    }

    static DiskImage open(Path file, String format) throws IOException {
        return IMAGES.open(file, OpenOptions.DEFAULT.withFormat(format).withGate(OpenGate.ALLOW));
    }

    static Create target(Path file, String format, String options) {
        DottedOptions text = DottedOptions.EMPTY;
        for (String option : options.isEmpty() ? new String[0] : options.split(";")) {
            String[] parts = option.split("=");
            text = text.with(parts[0], parts[1]);
        }
        return new Create(IMAGES, file.toString()).format(format).options(text);
    }
}
