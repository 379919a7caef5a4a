package io.jimg.capability;

import java.io.IOException;

/** An overlay that can forget all that it holds, so that its backing file shows everywhere. Safe for many threads. */
public interface Emptiable {

    /**
     * Forgets all guest data and zeroes of this layer; snapshots, bitmaps and the size stay. Space that nothing else
     * uses is given back to the host. Power loss on the way leaves some parts forgotten and some not, and lost space at
     * worst: so what the layer held must be in the backing file already.
     *
     * @throws io.jimg.ImageException {@link io.jimg.ErrorKind#READ_ONLY}
     */
    void empty() throws IOException;
}
