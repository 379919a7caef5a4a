package io.jimg.capability;

import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.Options;
import java.util.Set;

/** An image whose options can be changed after it was created. */
public interface Amendable {

    /**
     * A change of options. Requests that come meanwhile wait. What a guest can read stays the same, unless the size is
     * one of the options.
     *
     * <p>Refused before anything is changed where the options are impossible, or do not go with the image; a failure or
     * cancellation later leaves some of the options changed, and a sound image.
     *
     * @param options of the format's {@link io.jimg.spi.ImageFormat#amendSchema()}; those that are not there stay as
     *     they are
     * @param force whether unsafe changes are allowed, such as erasing the last key
     * @return a job whose result tells whether anything was changed
     */
    Job<Boolean> amend(Options options, boolean force);

    /**
     * Refuses options that this image has nothing to change of, before their values are looked at.
     *
     * @param names of options of the format's {@link io.jimg.spi.ImageFormat#amendSchema()}
     * @throws ImageException {@link io.jimg.ErrorKind#BAD_OPTION}
     */
    default void refuse(Set<String> names) throws ImageException {}
}
