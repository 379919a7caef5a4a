package io.jimg.cli.arguments;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.OpenOptions;
import io.jimg.Secrets;
import io.jimg.TlsCredentials;
import io.jimg.TlsIdentity;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Failures;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What {@code --object} defines: secrets, groups of throttled images and TLS credentials, which are all that an image
 * can need here.
 */
public final class SecretObjects implements Secrets, TlsCredentials {
    private final Map<String, byte[]> secrets = new LinkedHashMap<>();
    private final ThrottleObjects groups = new ThrottleObjects();
    private final TlsObjects credentials = new TlsObjects();

    /**
     * Reads a definition such as {@code secret,id=sec0,data=123456} or {@code secret,id=sec0,file=/path,format=base64}.
     *
     * @throws CommandException if it is none
     */
    public void define(String definition) throws CommandException, IOException {
        Map<String, String> words = OptionLists.parse(definition, "qom-type", ShortForms.REFUSED);
        String type = require(words, "qom-type");
        boolean secret = type.equals("secret");
        if (!secret && !type.equals("throttle-group") && !type.equals("tls-creds-x509")) {
            throw new CommandException("Parameter 'qom-type' does not accept value '" + type + "'");
        }
        String id = require(words, "id");
        if (!isIdentifier(id)) {
            throw new CommandException("Parameter 'id' expects an identifier\n"
                    + "Identifiers consist of letters, digits, '-', '.', '_', starting with a letter.");
        }
        for (String key : words.keySet()) {
            if (secret && !known(key)) {
                throw new CommandException("Parameter '" + key + "' is unexpected");
            }
        }
        if (isOther(id) || credentials.has(id)) {
            throw new CommandException("attempt to add duplicate property '" + id + "' to object (type 'container')");
        }
        switch (type) {
            case "throttle-group" -> groups.define(id, words);
            case "tls-creds-x509" -> credentials.define(id, words);
            default -> secrets.put(id, decode(words, content(words)));
        }
    }

    /** Whether it is the id of something that is no TLS credentials. */
    private boolean isOther(String id) {
        return secrets.containsKey(id) || groups.find(id) != null;
    }

    private static boolean known(String key) {
        return switch (key) {
            case "qom-type", "id", "data", "file", "format" -> true;
            default -> false;
        };
    }

    private static boolean isIdentifier(String id) {
        for (int i = 0; i < id.length(); i++) {
            char c = id.charAt(i);
            boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
            if (!letter && (i == 0 || (c < '0' || c > '9') && "-._".indexOf(c) < 0)) {
                return false;
            }
        }
        return !id.isEmpty();
    }

    private static String require(Map<String, String> words, String key) throws CommandException {
        String value = words.get(key);
        if (value == null) {
            throw new CommandException("Parameter '" + key + "' is missing");
        }
        return value;
    }

    private static byte[] content(Map<String, String> words) throws CommandException, IOException {
        String data = words.get("data");
        String file = words.get("file");
        if (data != null && file != null) {
            throw new CommandException("'file' and 'data' are mutually exclusive");
        }
        if (data != null) {
            return data.getBytes(StandardCharsets.UTF_8);
        }
        if (file == null) {
            throw new CommandException("Either 'file' or 'data' must be provided");
        }
        try {
            return Files.readAllBytes(Path.of(file));
        } catch (IOException failed) {
            throw new CommandException("Unable to read " + file + ": Failed to open file \u201c" + file + "\u201d: "
                    + reason(file, failed));
        }
    }

    private static String reason(String file, IOException failed) {
        String sentence = Failures.sentence(failed);
        return sentence.startsWith(file + ": ") ? sentence.substring(file.length() + 2) : sentence;
    }

    private static byte[] decode(Map<String, String> words, byte[] content) throws CommandException {
        String format = words.getOrDefault("format", "raw");
        return switch (format) {
            case "raw" -> content;
            case "base64" -> {
                try {
                    yield Base64.getMimeDecoder().decode(content);
                } catch (IllegalArgumentException malformed) {
                    throw new CommandException("Base64 data is not valid: " + malformed.getMessage());
                }
            }
            default -> throw new CommandException("Parameter 'format' does not accept value '" + format + "'");
        };
    }

    /** Options under which images find what was defined. */
    public OpenOptions in(OpenOptions options) {
        return options.withSecrets(this).withThrottleGroups(groups).withTlsCredentials(this);
    }

    /** {@inheritDoc} The other kinds of objects are no credentials. */
    @Override
    public @Nullable TlsIdentity find(String id) throws ImageException {
        if (isOther(id)) {
            throw new ImageException(ErrorKind.BAD_OPTION, "Object with id '" + id + "' is not TLS credentials");
        }
        return credentials.find(id);
    }

    @Override
    public byte @Nullable [] secret(String id) {
        byte[] secret = secrets.get(id);
        return secret == null ? null : secret.clone();
    }
}
