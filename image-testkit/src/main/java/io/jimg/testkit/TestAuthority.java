package io.jimg.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * An authority that issues X.509 certificates for a test, by OpenSSL's command line, into folders as QEMU and libnbd
 * read them. Without it the calling test is skipped, or fails under {@code CI=true}.
 */
public final class TestAuthority {
    private static final String[] CURVE = {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"};

    private final Tool openssl = Tool.require("openssl", "openssl");
    private final Path own;
    private int issued;

    /**
     * A new authority.
     *
     * @param own an empty folder for what it keeps
     */
    public TestAuthority(Path own) throws IOException {
        this(own, "ec", "-pkeyopt", "ec_paramgen_curve:P-256");
    }

    /**
     * A new authority with a key of another kind.
     *
     * @param own an empty folder for what it keeps
     * @param key what follows {@code -newkey} in OpenSSL's {@code req}
     */
    public TestAuthority(Path own, String... key) throws IOException {
        this.own = Files.createDirectories(own);
        List<Object> words = new ArrayList<>(List.of("req", "-x509", "-newkey"));
        words.addAll(List.of(key));
        words.addAll(List.of("-nodes", "-keyout", "ca-key.pem", "-out", "ca-cert.pem", "-days", "2"));
        words.addAll(List.of("-subj", "/CN=authority of " + own.getFileName()));
        words.addAll(
                List.of("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign,cRLSign"));
        openssl.runIn(own, words.toArray()).expectExit(0);
    }

    /** A folder that trusts this authority, and has no certificate of its own. */
    public Path folder(Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.copy(own.resolve("ca-cert.pem"), folder.resolve("ca-cert.pem"));
        return folder;
    }

    /** A folder with a certificate for {@code localhost} and 127.0.0.1, valid today, and its key. */
    public Path issue(Path folder, String side) throws IOException {
        return issue(folder, side, 1, CURVE);
    }

    /**
     * A folder with a certificate for {@code localhost} and 127.0.0.1, and its key in PKCS #8.
     *
     * @param side {@code server} or {@code client}
     * @param days for how long it is valid; negative for one that has expired
     * @param key how OpenSSL's {@code genpkey} is to make the key
     */
    public Path issue(Path folder, String side, int days, String... key) throws IOException {
        folder(folder);
        String keyFile = side + "-key.pem";
        Object[] generate = new Object[key.length + 3];
        generate[0] = "genpkey";
        System.arraycopy(key, 0, generate, 1, key.length);
        generate[key.length + 1] = "-out";
        generate[key.length + 2] = keyFile;
        openssl.runIn(folder, generate).expectExit(0);
        Path extensions = Files.writeString(
                own.resolve("extensions"),
                "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=" + side + "Auth\n");
        Path request = own.resolve("request");
        openssl.runIn(folder, "req", "-new", "-key", keyFile, "-subj", "/CN=" + side, "-out", request)
                .expectExit(0);
        openssl.runIn(
                        folder,
                        "x509",
                        "-req",
                        "-in",
                        request,
                        "-CA",
                        own.resolve("ca-cert.pem"),
                        "-CAkey",
                        own.resolve("ca-key.pem"),
                        "-set_serial",
                        ++issued,
                        "-days",
                        days,
                        "-extfile",
                        extensions,
                        "-out",
                        side + "-cert.pem")
                .expectExit(0);
        return folder;
    }

    /** Writes a list into a folder, which says that all certificates issued so far are revoked. */
    public void revokeAll(Path folder) throws IOException {
        StringBuilder index = new StringBuilder();
        for (int serial = 1; serial <= issued; serial++) {
            index.append(String.format("R\t400101000000Z\t200101000000Z\t%02X\tunknown\t/CN=revoked%n", serial));
        }
        Files.writeString(own.resolve("index.txt"), index);
        Files.writeString(
                own.resolve("openssl.cnf"),
                "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=1\n");
        openssl.runIn(
                        own,
                        "ca",
                        "-gencrl",
                        "-config",
                        "openssl.cnf",
                        "-keyfile",
                        "ca-key.pem",
                        "-cert",
                        "ca-cert.pem",
                        "-out",
                        folder.resolve("ca-crl.pem"))
                .expectExit(0);
    }
}
