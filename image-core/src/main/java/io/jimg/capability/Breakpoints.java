package io.jimg.capability;

import io.jimg.storage.StorageEvent;
import java.util.function.Consumer;

/**
 * A storage whose requests can be held up at certain steps, to try what happens when they overlap. Safe for many
 * threads.
 */
public interface Breakpoints {

    /** Holds up the next request that comes to a step. */
    void breakAt(StorageEvent event, String tag);

    /**
     * Removes what {@link #breakAt} set, and lets requests go on that are held up by it.
     *
     * @return whether there was one that had held up nothing yet
     */
    boolean remove(String tag);

    /**
     * Lets a request go on.
     *
     * @return whether one was held up under that tag
     */
    boolean resume(String tag);

    /** Waits until a request is held up under that tag. */
    void await(String tag) throws InterruptedException;

    /** Tells a listener of each request that is held up from now on, by its tag, on the request's thread. */
    void onSuspended(Consumer<String> listener);
}
