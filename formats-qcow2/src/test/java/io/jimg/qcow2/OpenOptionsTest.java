package io.jimg.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.Options;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.DottedOptions;
import io.jimg.storage.FileStorage;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("quick")
class OpenOptionsTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "overlap-check=none,overlap-check.template=none",
                "overlap-check.main-header=on,overlap-check.active-l1=off,overlap-check.active-l2=on",
                "overlap-check.refcount-table=on,overlap-check.refcount-block=on,overlap-check.snapshot-table=on",
                "overlap-check.inactive-l1=on,overlap-check.inactive-l2=on,overlap-check.bitmap-directory=on",
                "lazy-refcounts=on,pass-discard-request=off,pass-discard-snapshot=on,pass-discard-other=on",
                "discard-no-unref=on,cache-clean-interval=600,cache-size=2M",
                "l2-cache-size=1M,l2-cache-entry-size=4k,refcount-cache-size=256k",
                "encrypt.key-secret=none",
            })
    void readsWhatQemuReads(String options) throws Exception {
        try (DiskImage image = open(options)) {
            assertThat(image.size()).isEqualTo(1 << 20);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    overlap-check=some | Unsupported value 'some' for qcow2 option 'overlap-check'. Allowed are any of the following: none, constant, cached, all
                    overlap-check=none,overlap-check.template=all | Conflicting values for qcow2 options 'overlap-check' ('none') and 'overlap-check.template' ('all')
                    encrypt.format=luks | No encryption in image header, but options specified format 'luks'
                    """)
    void refusesWithTheSentenceOfQemu(String options, String sentence) {
        assertThatThrownBy(() -> open(options))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining(sentence);
    }

    private DiskImage open(String options) throws Exception {
        Path file = folder.resolve("image.qcow2");
        try (FileStorage storage = FileStorage.create(file)) {
            new Qcow2Format().create(storage, new CreateRequest(1 << 20, Options.none(), name -> {
                throw new IllegalStateException(name);
            }));
        }
        Map<String, String> text = new LinkedHashMap<>();
        for (String option : options.split(",")) {
            text.put(option.substring(0, option.indexOf('=')), option.substring(option.indexOf('=') + 1));
        }
        return Images.standard()
                .open(file, OpenOptions.DEFAULT.withFormat("qcow2").withDriverOptions(DottedOptions.of(text)));
    }
}
