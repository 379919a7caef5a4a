package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.ops.Create;
import io.jimg.spi.DottedOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is left of a creation that fails after the file was opened: the data file lies in a folder that is not there.
 */
class FailedCreationTest {
    @TempDir
    Path folder;

    @Test
    void aFileThatWasMadeIsRemoved() {
        Path image = folder.resolve("new.qcow2");
        createInVain(image);
        assertThat(image).doesNotExist();
    }

    @Test
    void aFileThatWasThereIsEmptied() throws IOException {
        Path image = Files.writeString(folder.resolve("old.qcow2"), "what was there");
        createInVain(image);
        assertThat(image).isEmptyFile();
    }

    @Test
    void aLinkStaysALink() throws IOException {
        Path image = Files.writeString(folder.resolve("target"), "what was there");
        Path link = Files.createSymbolicLink(folder.resolve("link"), image);
        createInVain(link);
        assertThat(link).isSymbolicLink();
        assertThat(image).isEmptyFile();
    }

    @Test
    void aLinkToNothingStaysOne() throws IOException {
        Path image = folder.resolve("target");
        Path link = Files.createSymbolicLink(folder.resolve("link"), image);
        createInVain(link);
        assertThat(Files.isSymbolicLink(link)).isTrue();
        assertThat(image).doesNotExist();
    }

    private void createInVain(Path image) {
        Create create = new Create(Images.standard(), image.toString())
                .format("qcow2")
                .size(1 << 20)
                .options(DottedOptions.EMPTY.with(
                        "data_file", folder.resolve("nowhere/data").toString()));
        assertThatThrownBy(() -> create.plan().job().run()).isInstanceOf(ImageException.class);
    }
}
