package io.jimg.testkit;

import io.jimg.storage.ForwardingStorage;
import io.jimg.storage.Storage;

/** A storage that outlives the images that own it: closing it does nothing. */
public class KeptStorage extends ForwardingStorage {

    /** Keeps {@code inner} open. */
    public KeptStorage(Storage inner) {
        super(inner);
    }

    @Override
    public void close() {}
}
