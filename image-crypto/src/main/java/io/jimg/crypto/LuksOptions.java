package io.jimg.crypto;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.Options;
import io.jimg.Secrets;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** The options of LUKS, under the names that a format gives them: {@code cipher-alg} or {@code encrypt.cipher-alg}. */
public final class LuksOptions {
    /** How long PBKDF2 takes unless told otherwise, in milliseconds. */
    public static final long DEFAULT_ITERATION_TIME = 2000;

    private final String prefix;
    private final Option<CipherAlgorithm> cipherAlgorithm;
    private final Option<CipherMode> cipherMode;
    private final Option<HashAlgorithm> hashAlgorithm;
    private final Option<Long> iterationTime;
    private final Option<IvGenerator> ivGenerator;
    private final Option<HashAlgorithm> ivHash;
    private final Option<String> keySecret;
    private final Option<KeySlotChange.State> state;
    private final Option<Long> keySlot;
    private final Option<String> oldSecret;
    private final Option<String> newSecret;

    /**
     * The options of one format.
     *
     * @param prefix what goes before each name, with its own dot
     * @param keySecretHelp what help says of the passphrase
     */
    public LuksOptions(String prefix, String keySecretHelp) {
        this.prefix = prefix;
        cipherAlgorithm = Option.of(
                prefix + "cipher-alg",
                algorithms(strict(OptionType.choice(CipherAlgorithm.values(), CipherAlgorithm::text), "cipher-alg")),
                "Name of encryption cipher algorithm");
        cipherMode = Option.of(
                prefix + "cipher-mode",
                strict(OptionType.choice(CipherMode.values(), CipherMode::text), "cipher-mode"),
                "Name of encryption cipher mode");
        hashAlgorithm = Option.of(
                prefix + "hash-alg",
                strict(OptionType.choice(HashAlgorithm.values(), HashAlgorithm::text), "hash-alg"),
                "Name of encryption hash algorithm");
        iterationTime = Option.of(prefix + "iter-time", OptionType.NUMBER, "Time to spend in PBKDF in milliseconds");
        ivGenerator = Option.of(
                prefix + "ivgen-alg",
                strict(OptionType.choice(IvGenerator.values(), IvGenerator::text), "ivgen-alg"),
                "Name of IV generator algorithm");
        ivHash = Option.of(
                prefix + "ivgen-hash-alg",
                strict(OptionType.choice(HashAlgorithm.values(), HashAlgorithm::text), "ivgen-hash-alg"),
                "Name of IV generator hash algorithm");
        keySecret = Option.of(prefix + "key-secret", OptionType.STRING, keySecretHelp);
        state = Option.of(
                prefix + "state",
                strict(OptionType.choice(KeySlotChange.State.values()), "state"),
                "Select new state of affected keyslots (active/inactive)");
        keySlot = Option.of(prefix + "keyslot", OptionType.NUMBER, "Select a single keyslot to modify explicitly");
        oldSecret = Option.of(prefix + "old-secret", OptionType.STRING, "Select all keyslots that match this password");
        newSecret = Option.of(
                prefix + "new-secret",
                OptionType.STRING,
                "New secret to set in the matching keyslots. Empty string to erase");
    }

    /** The passphrase's identifier, for {@link Secrets}. */
    public Option<String> keySecret() {
        return keySecret;
    }

    /** What a creation takes, but for the format's own. */
    public List<Option<?>> creation() {
        return List.of(keySecret, cipherAlgorithm, cipherMode, ivGenerator, ivHash, hashAlgorithm, iterationTime);
    }

    /** What a change of key slots takes. */
    public List<Option<?>> change() {
        return List.of(state, keySlot, oldSecret, newSecret, iterationTime);
    }

    /** Some names are known to QEMU, and yet no cipher for LUKS. */
    private static OptionType<CipherAlgorithm> algorithms(OptionType<CipherAlgorithm> type) {
        return new OptionType<>() {
            @Override
            public String placeholder() {
                return type.placeholder();
            }

            @Override
            public CipherAlgorithm parse(String name, String text) throws ImageException {
                if (List.of("des", "3des", "sm4").contains(text)) {
                    throw new ImageException(ErrorKind.UNSUPPORTED, "Algorithm '" + text + "' not supported");
                }
                return type.parse(name, text);
            }

            @Override
            public String print(CipherAlgorithm value) {
                return type.print(value);
            }
        };
    }

    /** Errors name the option as QEMU does, without the format's prefix. */
    private static <T> OptionType<T> strict(OptionType<T> type, String name) {
        return new OptionType<>() {
            @Override
            public String placeholder() {
                return type.placeholder();
            }

            @Override
            public T parse(String ignored, String text) throws ImageException {
                return type.parse(name, text);
            }

            @Override
            public String print(T value) {
                return type.print(value);
            }
        };
    }

    /**
     * What a new volume shall be like, with QEMU's defaults for what was not given: AES-256 in XTS with 64-bit IVs,
     * SHA-256, two seconds.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} where the parts do not go together
     */
    public LuksParameters parameters(Options options) throws ImageException {
        IvGenerator generator = orElse(options, ivGenerator, IvGenerator.PLAIN64);
        HashAlgorithm hashOfIv = options.get(ivHash);
        if (generator == IvGenerator.ESSIV && hashOfIv == null) {
            hashOfIv = HashAlgorithm.SHA256;
        }
        CipherSpec cipher = new CipherSpec(
                orElse(options, cipherAlgorithm, CipherAlgorithm.AES_256),
                orElse(options, cipherMode, CipherMode.XTS),
                generator,
                hashOfIv);
        cipher.check();
        return new LuksParameters(
                cipher,
                orElse(options, hashAlgorithm, HashAlgorithm.SHA256),
                orElse(options, iterationTime, DEFAULT_ITERATION_TIME));
    }

    private static <T> T orElse(Options options, Option<T> option, T fallback) {
        T value = options.get(option);
        return value == null ? fallback : value;
    }

    /**
     * The passphrase that the options name.
     *
     * @return fresh bytes, which the caller overwrites after use
     * @throws ImageException {@link ErrorKind#SECRET} with QEMU's sentence
     */
    public byte[] passphrase(Options options, Secrets secrets) throws ImageException {
        String id = options.get(keySecret);
        if (id == null) {
            throw new ImageException(ErrorKind.SECRET, "Parameter '" + prefix + "key-secret' is required for cipher");
        }
        return secret(id, secrets);
    }

    private static byte[] secret(String id, Secrets secrets) throws ImageException {
        byte[] found = secrets.secret(id);
        if (found == null) {
            throw new ImageException(ErrorKind.SECRET, "No secret with id '" + id + "'");
        }
        if (!isText(found)) {
            Arrays.fill(found, (byte) 0);
            throw new ImageException(ErrorKind.SECRET, "Data from secret " + id + " is not valid UTF-8");
        }
        return found;
    }

    /** A passphrase is text, so that it can be typed elsewhere, too. */
    private static boolean isText(byte[] bytes) {
        CharBuffer characters = CharBuffer.allocate(bytes.length);
        CoderResult result = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT)
                .decode(ByteBuffer.wrap(bytes), characters, true);
        Arrays.fill(characters.array(), '\0');
        return !result.isError();
    }

    /**
     * The change of key slots that the options describe; {@link #wipe} it afterwards.
     *
     * @throws ImageException {@link ErrorKind#BAD_OPTION} or {@link ErrorKind#SECRET} with QEMU's sentence
     */
    public KeySlotChange change(Options options, Secrets secrets) throws ImageException {
        KeySlotChange.State wanted = options.get(state);
        if (wanted == null) {
            throw new ImageException(ErrorKind.BAD_OPTION, "Parameter 'state' is missing");
        }
        String oldId = options.get(oldSecret);
        String newId = options.get(newSecret);
        KeySlotChange change = new KeySlotChange(
                wanted,
                options.get(keySlot),
                oldId == null ? null : secret(oldId, secrets),
                newId == null ? null : secret(newId, secrets),
                options.get(iterationTime));
        change.check();
        return change;
    }

    /** Overwrites the secrets of a change. */
    public static void wipe(KeySlotChange change) {
        if (change.oldSecret() != null) {
            Arrays.fill(change.oldSecret(), (byte) 0);
        }
        if (change.newSecret() != null) {
            Arrays.fill(change.newSecret(), (byte) 0);
        }
    }
}
