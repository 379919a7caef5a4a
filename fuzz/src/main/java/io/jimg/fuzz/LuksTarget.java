package io.jimg.fuzz;

import io.jimg.crypto.LuksEntropy;
import io.jimg.luks.LuksFormat;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.DottedOptions;
import io.jimg.storage.MemoryStorage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** LUKS volumes. */
public final class LuksTarget {
    private static final String PASSPHRASE = "geheim";
    private static final String NAME = "image";
    private static final String[][] CIPHERS = {
        {"cipher-alg=aes-256", "cipher-mode=xts", "ivgen-alg=plain64", "hash-alg=sha256"},
        {"cipher-alg=aes-128", "cipher-mode=cbc", "ivgen-alg=essiv", "ivgen-hash-alg=sha256", "hash-alg=sha1"},
        {"cipher-alg=serpent-128", "cipher-mode=ecb", "ivgen-alg=plain", "hash-alg=sha512"}
    };
    private static final List<Seed> SEEDS = seeds();

    private LuksTarget() {}

    /** One run: a volume by the input, read or changed. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        Bounds.run(() -> one(bytes));
    }

    private static void one(byte[] bytes) {
        FuzzInput input = new FuzzInput(bytes);
        Seed seed = SEEDS.get(input.below(SEEDS.size()));
        int mode = input.next();
        byte[] image = Mutation.of(input, seed.image());
        Specimen specimen = Specimen.alone(image, (mode & 1) == 0 ? "luks" : null);
        if ((mode & 3) == 0) {
            specimen.withSecret(PASSPHRASE, "key-secret");
        }
        if ((mode & 8) == 0) {
            Reading.all(specimen, mode);
        } else {
            Changing.all(specimen, input);
        }
    }

    /**
     * Volumes with the least iterations, for a key is derived in every other run; and one that cryptsetup would make.
     */
    private static List<Seed> seeds() {
        List<Seed> seeds = new ArrayList<>();
        for (String[] cipher : CIPHERS) {
            seeds.add(new Seed(NAME, Map.of(NAME, volume(cipher))));
        }
        seeds.addAll(Seed.luks());
        return seeds;
    }

    private static byte[] volume(String... cipher) {
        DottedOptions text = DottedOptions.EMPTY.with("key-secret", "s");
        for (String option : cipher) {
            int equals = option.indexOf('=');
            text = text.with(option.substring(0, equals), option.substring(equals + 1));
        }
        Random random = new Random(1);
        LuksFormat format = new LuksFormat(new LuksEntropy(random::nextBytes, (hash, length) -> 0));
        MemoryStorage file = new MemoryStorage(NAME);
        try {
            CreateRequest request = new CreateRequest(
                    16 << 10,
                    format.createSchema().parse(text),
                    name -> file,
                    id -> PASSPHRASE.getBytes(StandardCharsets.UTF_8));
            format.create(file, request);
            ByteBuffer content = ByteBuffer.allocate((int) file.size());
            file.read(content, 0);
            return content.array();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }
}
