package io.jimg.luks;

import io.jimg.BlockDevice;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.Options;
import io.jimg.Secrets;
import io.jimg.crypto.LuksEntropy;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.DottedOptions;
import io.jimg.storage.FileStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;

/** Volumes that are made and opened quickly, the same bytes each time. */
final class Volumes {
    static final String PASSPHRASE = "geheim";
    static final Secrets SECRETS = id -> switch (id) {
        case "s" -> PASSPHRASE.getBytes(StandardCharsets.UTF_8);
        case "new" -> "neu".getBytes(StandardCharsets.UTF_8);
        default -> null;
    };

    private Volumes() {}

    /** A driver with the least iterations, and the keys of a seed. */
    static LuksFormat format(long seed) {
        Random random = new Random(seed);
        return new LuksFormat(new LuksEntropy(random::nextBytes, (hash, length) -> 0));
    }

    static Images images() {
        return Images.standard().with(format(1));
    }

    static CreateRequest request(long size, String... options) throws IOException {
        DottedOptions text = DottedOptions.EMPTY.with("key-secret", "s");
        for (String option : options) {
            text = text.with(option.split("=")[0], option.split("=")[1]);
        }
        Options parsed = Luks.CREATE.parse(text);
        return new CreateRequest(size, parsed, name -> FileStorage.create(Path.of(name)), SECRETS);
    }

    static void create(Path file, long size, String... options) throws IOException {
        try (FileStorage storage = FileStorage.create(file)) {
            format(1).create(storage, request(size, options));
        }
    }

    static OpenOptions open() {
        return OpenOptions.DEFAULT
                .withFormat("luks")
                .withSecrets(SECRETS)
                .withDriverOptions(DottedOptions.EMPTY.with("key-secret", "s"));
    }

    static byte[] content(BlockDevice device) throws IOException {
        byte[] content = new byte[(int) device.size()];
        device.read(ByteBuffer.wrap(content), 0);
        return content;
    }
}
