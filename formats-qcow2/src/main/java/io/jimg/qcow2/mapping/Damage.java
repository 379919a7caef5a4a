package io.jimg.qcow2.mapping;

import io.jimg.ErrorKind;
import io.jimg.ImageException;

/** Is told of metadata that no sound image has. */
@FunctionalInterface
public interface Damage {
    /**
     * Does what is to be done about it.
     *
     * @param failure what was found
     * @return what is thrown
     */
    ImageException found(ImageException failure);

    /** What is thrown for a failure: itself unless it tells of damage. */
    default ImageException judge(ImageException failure) {
        return failure.kind() == ErrorKind.CORRUPT ? found(failure) : failure;
    }
}
