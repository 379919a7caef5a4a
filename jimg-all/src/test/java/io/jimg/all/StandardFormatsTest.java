package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.jimg.Images;
import io.jimg.spi.ImageFormat;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** One dependency brings every format, on the class path and on the module path. */
@Tag("quick")
class StandardFormatsTest {
    @Test
    void everyFormatIsFound() {
        assertThat(Images.standard().formats()).extracting(ImageFormat::name).contains("raw", "qcow2", "luks");
    }

    @Test
    void thoseNamedAreThoseFound() {
        assertThat(AllFormats.images().formats())
                .extracting(Object::getClass)
                .containsExactlyInAnyOrderElementsOf(Images.standard().formats().stream()
                        .<Class<?>>map(Object::getClass)
                        .toList());
        for (String name : List.of("file:x", "host_device:x", "null-co://")) {
            assertThatCode(() -> AllFormats.images().storageName(name)).doesNotThrowAnyException();
        }
    }
}
