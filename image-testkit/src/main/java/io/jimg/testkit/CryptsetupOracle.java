package io.jimg.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The real cryptsetup, which decides what is a LUKS header. It needs no kernel for what is asked of it here, as long as
 * the cipher is AES.
 *
 * <p>Without it the calling test is skipped, with a line on standard error, or fails where the environment says
 * {@code CI=true}. Safe for many threads.
 */
public final class CryptsetupOracle {
    private final Tool cryptsetup;

    private CryptsetupOracle(Tool cryptsetup) {
        this.cryptsetup = cryptsetup;
    }

    /** The tool; without it the calling test is skipped, or fails under {@code CI=true}. */
    public static CryptsetupOracle assumePresent() {
        return new CryptsetupOracle(Tool.require("cryptsetup", "cryptsetup-bin"));
    }

    /** What {@code luksDump} says of a header; the test fails where it takes it for none. */
    public String luksDump(Path header) {
        return cryptsetup.run("luksDump", header).expectExit(0).stdout();
    }

    /** Whether a passphrase opens a volume whose cipher is AES. */
    public boolean opens(Path header, String passphrase) {
        try {
            Path key = Files.createTempFile("passphrase", ".key");
            try {
                Files.writeString(key, passphrase);
                return cryptsetup
                                .run("open", "--test-passphrase", "--type", "luks1", "--key-file", key, header)
                                .exitCode()
                        == 0;
            } finally {
                Files.delete(key);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
