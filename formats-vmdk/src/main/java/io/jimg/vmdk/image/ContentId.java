package io.jimg.vmdk.image;

import io.jimg.vmdk.descriptor.Descriptor;
import io.jimg.vmdk.descriptor.DescriptorPlace;
import io.jimg.vmdk.descriptor.DescriptorText;
import java.io.IOException;
import java.util.Locale;
import java.util.function.IntSupplier;

/**
 * The descriptor of an open image. Its CID is changed before the first write after opening, so that children of the old
 * content are found out ("Virtual Disk Format 1.1": "updated the first time the content of the virtual disk is modified
 * after the virtual disk is opened").
 */
final class ContentId {
    private final DescriptorPlace place;
    private final IntSupplier random;
    private volatile Descriptor descriptor;
    private volatile boolean changed;

    ContentId(Descriptor descriptor, DescriptorPlace place, IntSupplier random) {
        this.descriptor = descriptor;
        this.place = place;
        this.random = random;
    }

    Descriptor descriptor() {
        return descriptor;
    }

    /** Gives the content a new name, once. */
    void beforeWrite() throws IOException {
        if (changed) {
            return;
        }
        synchronized (this) {
            if (!changed) {
                write();
                changed = true;
            }
        }
    }

    private void write() throws IOException {
        DescriptorText text = descriptor.text();
        if (text.value("CID") == null) {
            return;
        }
        long fresh = next(descriptor.cid());
        replace(text.with("CID", String.format(Locale.ROOT, "%08x", fresh), "version"));
    }

    /** Writes another text, whose meaning holds from now on. */
    synchronized void replace(DescriptorText text) throws IOException {
        Descriptor parsed = Descriptor.parse(text, place.file().name());
        place.replace(text);
        descriptor = parsed;
    }

    /** Neither the old one nor one of those with a meaning. */
    private long next(long old) {
        long fresh;
        do {
            fresh = Integer.toUnsignedLong(random.getAsInt());
        } while (fresh == old || fresh == 0 || fresh >= Descriptor.NO_PARENT - 1);
        return fresh;
    }
}
