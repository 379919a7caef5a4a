package io.jimg.storage;

/** The answer to a request that a storage may be unable to fulfil. */
public enum Outcome {
    /** It is done. */
    DONE,
    /** The storage has no such call, or not for this range; nothing has changed. The caller takes its portable way. */
    UNSUPPORTED
}
