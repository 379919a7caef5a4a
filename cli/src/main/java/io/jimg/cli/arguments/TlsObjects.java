package io.jimg.cli.arguments;

import io.jimg.TlsIdentity;
import io.jimg.cli.process.CommandException;
import io.jimg.nbd.tls.X509Folder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** TLS credentials that {@code --object} defines, such as {@code tls-creds-x509,id=tls0,dir=/pki,endpoint=client}. */
final class TlsObjects {
    private final Map<String, TlsIdentity> credentials = new LinkedHashMap<>();

    /**
     * Reads the words of a definition, whose id was checked, and the files that it names.
     *
     * @throws CommandException in QEMU's words
     */
    void define(String id, Map<String, String> words) throws CommandException, IOException {
        TlsIdentity.Endpoint endpoint = TlsIdentity.Endpoint.CLIENT;
        boolean verifyPeer = true;
        boolean sanityCheck = true;
        for (Map.Entry<String, String> word : words.entrySet()) {
            String value = word.getValue();
            switch (word.getKey()) {
                case "qom-type", "id", "dir" -> {}
                case "endpoint" -> endpoint = endpoint(value);
                case "verify-peer" -> verifyPeer = flag(word.getKey(), value);
                case "sanity-check" -> sanityCheck = flag(word.getKey(), value);
                default -> throw new CommandException("Parameter '" + word.getKey() + "' is unexpected");
            }
        }
        String folder = words.get("dir");
        if (folder == null) {
            throw new CommandException("Missing 'dir' property value");
        }
        credentials.put(id, X509Folder.load(Path.of(folder), endpoint, verifyPeer, sanityCheck));
    }

    private static TlsIdentity.Endpoint endpoint(String value) throws CommandException {
        return switch (value) {
            case "client" -> TlsIdentity.Endpoint.CLIENT;
            case "server" -> TlsIdentity.Endpoint.SERVER;
            default -> throw new CommandException("Parameter 'endpoint' does not accept value '" + value + "'");
        };
    }

    private static boolean flag(String key, String value) throws CommandException {
        return switch (value) {
            case "on", "yes", "true", "y" -> true;
            case "off", "no", "false", "n" -> false;
            default -> throw new CommandException("Parameter '" + key + "' expects 'on' or 'off'");
        };
    }

    boolean has(String id) {
        return credentials.containsKey(id);
    }

    @Nullable
    TlsIdentity find(String id) {
        return credentials.get(id);
    }
}
