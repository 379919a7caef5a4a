package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.capability.CheckReport;
import io.jimg.qcow2.check.Qcow2Check;
import io.jimg.qcow2.image.Qcow2Opener;
import io.jimg.storage.FileStorage;
import io.jimg.storage.MemoryStorage;
import io.jimg.storage.Storage;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Says whether an image that was closed is sound: by our check, and by the real tools on files. */
final class Judge {
    private static final int PIECE = 1 << 20;

    private final Making making;
    private final Path folder;

    /** Judges images with what lies beneath and beside them, on files in a folder. */
    Judge(Making making, Path folder) {
        this.making = making;
        this.folder = folder;
    }

    /** Our check finds nothing at all. */
    static void clean(Storage image) throws IOException {
        CheckReport report = new Qcow2Check(image, Qcow2Opener.readHeader(image)).run();
        assertThat(report.clean()).as("%s", report).isTrue();
    }

    /** The real check finds nothing at all, and the real comparison finds the expected content. */
    void byTheRealTools(QemuOracle oracle, MemoryStorage image, byte[] expected) throws IOException {
        Path raw = Files.write(folder.resolve("expected.raw"), expected);
        Path file = save(image, "image.qcow2");
        if (making.base() != null) {
            save(making.base(), Configuration.BASE);
        }
        if (making.data() != null) {
            save(making.data(), Configuration.DATA);
        }
        List<Object> words = making.configuration().words(file.getFileName().toString());
        oracle.imgIn(
                        folder,
                        Stream.concat(Stream.of("check", "-q"), words.stream()).toArray())
                .expectExit(0);
        oracle.imgIn(
                        folder,
                        Stream.of(
                                        Stream.of("compare"),
                                        words.stream(),
                                        Stream.of("driver=raw,file.filename=" + raw.getFileName()))
                                .flatMap(each -> each)
                                .toArray())
                .expectExit(0);
    }

    private Path save(@Nullable MemoryStorage storage, String name) throws IOException {
        Path file = folder.resolve(name);
        Files.deleteIfExists(file);
        if (storage != null) {
            try (FileStorage target = FileStorage.create(file)) {
                ByteBuffer piece = ByteBuffer.allocate(PIECE);
                for (long at = 0; at < storage.size(); at += PIECE) {
                    piece.clear().limit((int) Math.min(PIECE, storage.size() - at));
                    storage.read(piece, at);
                    target.write(piece.flip(), at);
                }
            }
        }
        return file;
    }
}
