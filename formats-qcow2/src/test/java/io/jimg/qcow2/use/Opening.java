package io.jimg.qcow2.use;

import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.Options;
import io.jimg.Secrets;
import io.jimg.qcow2.Qcow2Format;
import io.jimg.spi.OpenGate;
import io.jimg.storage.Storage;
import io.jimg.testkit.BareContext;
import io.jimg.testkit.KeptStorage;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Opens images that lie in any storage.
 *
 * @param backingFile holds a qcow2 image that is opened beneath, read-only, and stays; null for none
 * @param dataFile the external data file, which stays; null for none
 */
public record Opening(
        boolean writable,
        Options options,
        CacheMode cache,
        @Nullable Storage backingFile,
        @Nullable Storage dataFile) implements BareContext {

    public static Opening readOnly() {
        return new Opening(false, Options.none(), CacheMode.WRITEBACK, null, null);
    }

    public static Opening forWriting() {
        return new Opening(true, Options.none(), CacheMode.WRITEBACK, null, null);
    }

    public Opening with(Options newOptions) {
        return new Opening(writable, newOptions, cache, backingFile, dataFile);
    }

    public Opening with(CacheMode newCache) {
        return new Opening(writable, options, newCache, backingFile, dataFile);
    }

    /** Opens the image in a storage, which it owns. */
    public DiskImage open(Storage file) throws IOException {
        return new Qcow2Format().open(file, this);
    }

    @Override
    public Secrets secrets() {
        return Configuration.SECRETS;
    }

    @Override
    public @Nullable DiskImage openBacking(@Nullable String name, @Nullable String format) throws IOException {
        return backingFile == null ? null : readOnly().open(new KeptStorage(backingFile));
    }

    @Override
    public @Nullable Storage openStorage(String child, OpenGate.Role role, @Nullable String name) {
        return dataFile == null ? null : new KeptStorage(dataFile);
    }
}
