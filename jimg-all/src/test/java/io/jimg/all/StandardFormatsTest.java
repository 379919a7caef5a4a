package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.Images;
import io.jimg.spi.ImageFormat;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** One dependency brings every format, on the class path and on the module path. */
@Tag("quick")
class StandardFormatsTest {
    @Test
    void everyFormatIsFound() {
        assertThat(Images.standard().formats()).extracting(ImageFormat::name).contains("raw", "qcow2");
    }
}
