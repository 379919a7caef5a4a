/** LUKS and the ciphers that encrypted images stand on. */
module io.jimg.crypto {
    requires static transitive org.jspecify;
    requires transitive io.jimg;
    requires org.bouncycastle.provider;

    exports io.jimg.crypto;
}
