package io.jimg.vmdk.image;

import io.jimg.vmdk.descriptor.Descriptor;
import io.jimg.vmdk.descriptor.DescriptorPlace;
import io.jimg.vmdk.descriptor.DescriptorText;
import java.io.IOException;
import java.util.Locale;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The descriptor of an open image. Its CID is changed before the first write after opening, so that children of the old
 * content are found out ("Virtual Disk Format 1.1": "updated the first time the content of the virtual disk is modified
 * after the virtual disk is opened").
 */
final class ContentId {
    /** The key of the parent's CID in a child's descriptor. */
    static final String PARENT_CID = "parentCID";

    private final DescriptorPlace place;
    private final IntSupplier random;
    private volatile Descriptor descriptor;
    private volatile boolean changed;

    /** A child that is open for writing above this image, so that what is written here is a commit of it. */
    private volatile @Nullable ContentId child;

    ContentId(Descriptor descriptor, DescriptorPlace place, IntSupplier random) {
        this.descriptor = descriptor;
        this.place = place;
        this.random = random;
    }

    Descriptor descriptor() {
        return descriptor;
    }

    /** Lets a child's descriptor follow what this one says. */
    void follow(ContentId childAbove) {
        child = childAbove;
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
        String fresh = String.format(Locale.ROOT, "%08x", next(descriptor.cid()));
        replace(text.with("CID", fresh, "version"));
        // Before any changed byte is: what a child of the old content shows must never be a mixture.
        place.file().flush();
        ContentId above = child;
        if (above != null) {
            try {
                above.replace(above.descriptor.text().with(PARENT_CID, fresh, "CID"));
                above.place.file().flush();
            } catch (IOException failure) {
                takeBack(text, failure);
                throw failure;
            }
        }
    }

    /** A child that could not note the new CID must be able to read its parent still. */
    private void takeBack(DescriptorText text, IOException failure) {
        try {
            replace(text);
        } catch (IOException second) {
            failure.addSuppressed(second);
        }
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
