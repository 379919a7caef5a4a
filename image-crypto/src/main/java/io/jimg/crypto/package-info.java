/** LUKS and the ciphers that encrypted images stand on. */
@NullMarked
package io.jimg.crypto;

import org.jspecify.annotations.NullMarked;
