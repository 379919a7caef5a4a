package io.jimg.crypto;

import org.bouncycastle.crypto.engines.CAST5Engine;
import org.bouncycastle.crypto.engines.SerpentEngine;
import org.bouncycastle.crypto.engines.TwofishEngine;
import org.bouncycastle.crypto.params.KeyParameter;

/** The ciphers that Java lacks. */
final class BouncyCipher implements BlockCipher {
    private final org.bouncycastle.crypto.BlockCipher engine;

    BouncyCipher(CipherAlgorithm algorithm, byte[] key, boolean encrypting) {
        engine = switch (algorithm.family()) {
            case "serpent" -> new SerpentEngine();
            case "twofish" -> new TwofishEngine();
            case "cast5" -> new CAST5Engine();
            default -> throw new IllegalArgumentException(algorithm.text());
        };
        engine.init(encrypting, new KeyParameter(key));
    }

    @Override
    public void transform(byte[] bytes, int offset, int length) {
        int block = engine.getBlockSize();
        for (int at = offset; at < offset + length; at += block) {
            engine.processBlock(bytes, at, bytes, at);
        }
    }
}
