package io.jimg.testkit;

import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.Options;
import io.jimg.Secrets;
import io.jimg.spi.OpenContext;
import io.jimg.spi.OpenGate;
import io.jimg.storage.Storage;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Opens a single image that lies in any storage: no options, no secrets, and nothing beneath or beside it. */
public interface BareContext extends OpenContext {
    @Override
    default Options options() {
        return Options.none();
    }

    @Override
    default CacheMode cache() {
        return CacheMode.WRITEBACK;
    }

    @Override
    default boolean inspectOnly() {
        return false;
    }

    @Override
    default boolean probed() {
        return false;
    }

    @Override
    default Secrets secrets() {
        return Secrets.NONE;
    }

    @Override
    default @Nullable DiskImage openBacking(@Nullable String name, @Nullable String format) throws IOException {
        return null;
    }

    @Override
    default @Nullable Storage openStorage(String child, OpenGate.Role role, @Nullable String name) throws IOException {
        return null;
    }
}
