package io.jimg.vmdk.use;

import io.jimg.DiskImage;
import io.jimg.OptionType;
import io.jimg.Options;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.DottedOptions;
import io.jimg.storage.Storage;
import io.jimg.testkit.BareContext;
import io.jimg.testkit.KeptStorage;
import io.jimg.vmdk.Vmdk;
import io.jimg.vmdk.VmdkFormat;
import java.io.IOException;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Disks of one file in any storage, perhaps over a parent in another.
 *
 * @param parent holds a disk that is opened beneath, read-only, and stays; null for none
 */
record InMemory(boolean writable, @Nullable Storage parent) implements BareContext {

    /** A driver whose random numbers are the same every time. */
    static VmdkFormat format() {
        Random random = new Random(5);
        return new VmdkFormat(random::nextInt);
    }

    /** What is asked of {@link VmdkFormat#create}; {@code options} as {@code a=b,c=d}. */
    CreateRequest request(long size, String options) throws IOException {
        DottedOptions text = DottedOptions.EMPTY.with("size", OptionType.SIZE.print(size));
        for (String option : options.isEmpty() ? new String[0] : options.split(",")) {
            text = text.with(option.substring(0, option.indexOf('=')), option.substring(option.indexOf('=') + 1));
        }
        Options read = Vmdk.CREATE.parse(text);
        if (parent != null) {
            read = read.with(Vmdk.BACKING_FILE, "base.vmdk").with(Vmdk.BACKING_FORMAT, "vmdk");
        }
        return new CreateRequest(size, read, new CreateRequest.FileCreator() {
            @Override
            public Storage create(String name) {
                throw new AssertionError("a disk of one file asked for " + name);
            }

            @Override
            public DiskImage openBacking(String name, @Nullable String format) throws IOException {
                return java.util.Objects.requireNonNull(InMemory.this.openBacking(name, format));
            }
        });
    }

    /** Opens the image in a storage, which it owns. */
    DiskImage open(Storage file) throws IOException {
        return format().open(file, this);
    }

    @Override
    public @Nullable DiskImage openBacking(@Nullable String name, @Nullable String format) throws IOException {
        return parent == null || name == null ? null : new InMemory(false, null).open(new KeptStorage(parent));
    }
}
