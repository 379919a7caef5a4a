package io.jimg;

import org.jspecify.annotations.Nullable;

/**
 * Gives the secret that an encrypted image asks for by the id in its options. Called at most once per image and open.
 */
@FunctionalInterface
public interface Secrets {

    /** No secret is known. */
    Secrets NONE = id -> null;

    /**
     * The secret's bytes.
     *
     * @param id the name that the open options use ({@code encrypt.key-secret=ID})
     * @return a fresh array, which the caller overwrites with zeroes after use; null where the id is unknown
     */
    byte @Nullable [] secret(String id) throws ImageException;
}
