package io.jimg.nbd.tls;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * A block of a PEM file (RFC 7468, with text around the blocks, as OpenSSL and certtool write it).
 *
 * @param label such as {@code CERTIFICATE}
 * @param content the bytes that base64 stood for
 */
record Pem(String label, byte[] content) {
    /** No certificate, key or list of revoked certificates that means well is longer. */
    private static final long LARGEST_FILE = 8 << 20;

    private static final String BEGIN = "-----BEGIN ";
    private static final String END = "-----END ";
    private static final String DASHES = "-----";

    /**
     * Reads a file's blocks.
     *
     * @throws ImageException {@link ErrorKind#NOT_FOUND}, or {@link ErrorKind#CORRUPT} for a block that has no end or
     *     is not base64
     */
    static List<Pem> read(Path file) throws IOException {
        List<String> lines;
        try {
            long size = Files.size(file);
            if (size > LARGEST_FILE) {
                throw broken(file, "it is too large");
            }
            lines = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1)
                    .lines()
                    .toList();
        } catch (NoSuchFileException missing) {
            throw new ImageException(
                    ErrorKind.NOT_FOUND, "Unable to access credentials " + file + ": No such file or directory");
        }
        List<Pem> blocks = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (!line.startsWith(BEGIN) || !line.endsWith(DASHES) || line.length() < BEGIN.length() + DASHES.length()) {
                continue;
            }
            String label = line.substring(BEGIN.length(), line.length() - DASHES.length());
            StringBuilder base64 = new StringBuilder();
            while (++i < lines.size() && !lines.get(i).startsWith(END)) {
                base64.append(lines.get(i).strip());
            }
            if (i == lines.size() || !lines.get(i).strip().equals(END + label + DASHES)) {
                throw broken(file, "a block has no end");
            }
            try {
                blocks.add(new Pem(label, Base64.getDecoder().decode(base64.toString())));
            } catch (IllegalArgumentException malformed) {
                throw broken(file, String.valueOf(malformed.getMessage()));
            }
        }
        return blocks;
    }

    private static ImageException broken(Path file, String why) {
        return new ImageException(ErrorKind.CORRUPT, "Unable to import " + file + ": " + why);
    }
}
