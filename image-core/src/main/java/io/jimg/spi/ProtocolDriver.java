package io.jimg.spi;

import io.jimg.CacheMode;
import io.jimg.Options;
import io.jimg.TlsCredentials;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.util.List;

/**
 * A protocol's driver: makes a {@link Storage} from options. Found by {@link java.util.ServiceLoader}. Stateless and
 * safe for many threads.
 */
public interface ProtocolDriver {

    /** The name, such as {@code file}. */
    String name();

    /** What names of this protocol have before their first colon. */
    default List<String> prefixes() {
        return List.of(name());
    }

    /** Options, among them those that {@link #parseName} answers. */
    Schema schema();

    /**
     * Options of {@link #create} and of what a format asks of a file that it has just created, in the order in which
     * they are echoed.
     */
    default Schema createSchema() {
        return Schema.EMPTY;
    }

    /** Turns a name with this protocol's prefix ({@code file:x}, {@code nbd://…}) into options. */
    DottedOptions parseName(String name) throws IOException;

    /** The name that {@link OpenGate}, messages and loop checks use for these options. */
    String nameOf(Options options);

    /**
     * How to open.
     *
     * @param writable whether writes are wanted
     * @param cache host cache and flushes
     * @param locking whether QEMU's locks are taken; false for {@code -U}
     * @param inspectOnly whether what it is opened for is to tell about it, so that {@link Storage#allocatedSize()}
     *     will be asked
     * @param tlsCredentials who gives the TLS credentials that the options name
     */
    record Mode(
            boolean writable, CacheMode cache, boolean locking, boolean inspectOnly, TlsCredentials tlsCredentials) {

        /** To be used, not only inspected, and without TLS credentials. */
        public Mode(boolean writable, CacheMode cache, boolean locking) {
            this(writable, cache, locking, false, TlsCredentials.NONE);
        }
    }

    /** Opens what exists. */
    Storage open(Options options, Mode mode) throws IOException;

    /**
     * Makes an empty storage, or empties an existing one, and opens it for writing. A storage that cannot be emptied,
     * such as a block device, is opened as it is. An existing one that somebody else has locked stays untouched.
     */
    Storage create(Options options, Mode mode) throws IOException;

    /** Whether there is something already that {@link #create} would empty, or open as it is. */
    boolean exists(Options options) throws IOException;

    /**
     * Removes what {@link #create} made; called where a command fails half-way. Does nothing where there is nothing to
     * remove.
     */
    void delete(Options options) throws IOException;
}
