package io.jimg.all;

import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.ops.Convert;
import io.jimg.ops.Create;
import io.jimg.ops.Validate;
import io.jimg.spi.DottedOptions;
import io.jimg.testkit.QemuOracle;
import io.jimg.validate.Finding;
import io.jimg.validate.Policy;
import io.jimg.validate.Rule;
import io.jimg.validate.Validation;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Images in a folder, made sound, then spoilt byte by byte. */
final class HostileImages {
    private static final Images IMAGES = Images.standard();
    private static final int SAMPLE = 3 << 20;

    private final QemuOracle qemu;
    private final Path folder;

    HostileImages(QemuOracle qemu, Path folder) {
        this.qemu = qemu;
        this.folder = folder;
    }

    Path file(String name) {
        return folder.resolve(name);
    }

    /** A raw disk with data that compresses, data that does not, and holes. */
    Path raw() throws IOException {
        Path raw = file("sample.raw");
        if (!Files.exists(raw)) {
            byte[] noise = new byte[SAMPLE / 3];
            new Random(7).nextBytes(noise);
            // No signature of a boot sector.
            noise[510] = 0;
            byte[] text = "All work and no play. ".repeat(SAMPLE / 66).getBytes(StandardCharsets.US_ASCII);
            try (RandomAccessFile out = new RandomAccessFile(raw.toFile(), "rw")) {
                out.setLength(4L * SAMPLE);
                out.write(noise);
                out.seek(2L * SAMPLE);
                out.write(text);
            }
        }
        return raw;
    }

    /** The sample in another format, as jimg writes it; options are parted by semicolons. */
    Path converted(String name, String format, boolean compress, String options) throws IOException {
        Path image = file(name);
        DottedOptions text = DottedOptions.EMPTY;
        for (String option : options.isEmpty() ? new String[0] : options.split(";")) {
            String[] parts = option.split("=");
            text = text.with(parts[0], parts[1]);
        }
        try (DiskImage source = IMAGES.open(raw(), OpenOptions.DEFAULT.withFormat("raw"))) {
            new Convert(source)
                    .compress(compress)
                    .toNew(new Create(IMAGES, image.toString()).format(format).options(text))
                    .run();
        }
        return image;
    }

    /** The sample in another format, as qemu-img writes it. */
    Path convertedByQemu(String name, String format, String... arguments) throws IOException {
        Path image = file(name);
        List<Object> words = new ArrayList<>(List.of("convert", "-f", "raw", "-O", format));
        words.addAll(List.of(arguments));
        words.add(raw());
        words.add(image);
        qemu.img(words.toArray()).expectExit(0);
        return image;
    }

    /** The same image as {@link #converted}, without any option, as qcow2. */
    Path qcow2() throws IOException {
        return converted("plain.qcow2", "qcow2", false, "");
    }

    /** An image of one stream, whose descriptor may be changed. */
    Path stream() throws IOException {
        return converted("stream.vmdk", "vmdk", false, "subformat=streamOptimized");
    }

    static void patch(Path file, long at, byte... bytes) throws IOException {
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.seek(at < 0 ? out.length() + at : at);
            out.write(bytes);
        }
    }

    static void patch(Path file, long at, String ascii) throws IOException {
        patch(file, at, ascii.getBytes(StandardCharsets.ISO_8859_1));
    }

    static void patchInt(Path file, long at, int bigEndian) throws IOException {
        patch(file, at, ByteBuffer.allocate(4).putInt(bigEndian).array());
    }

    static void patchLong(Path file, long at, long bigEndian) throws IOException {
        patch(file, at, ByteBuffer.allocate(8).putLong(bigEndian).array());
    }

    static void patchLittle(Path file, long at, long value) throws IOException {
        patch(
                file,
                at,
                ByteBuffer.allocate(8)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(value)
                        .array());
    }

    static void cut(Path file, long bytes) throws IOException {
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.setLength(bytes);
        }
    }

    static Validate validation(Path file, @Nullable String format) {
        return new Validate(IMAGES, file.toString(), Policy.strict()).format(format);
    }

    /** Ids of the rules that count. */
    static Set<String> broken(Path file, @Nullable String format) throws IOException {
        return broken(validation(file, format).job().run());
    }

    static Set<String> broken(Validation validation) {
        return validation.findings().stream()
                .filter(finding -> finding.severity().counts())
                .map(Finding::rule)
                .map(Rule::id)
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
