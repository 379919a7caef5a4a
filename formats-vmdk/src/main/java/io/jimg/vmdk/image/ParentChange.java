package io.jimg.vmdk.image;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Emptiable;
import io.jimg.capability.Rebasable;
import io.jimg.vmdk.descriptor.Descriptor;
import io.jimg.vmdk.descriptor.DescriptorText;
import io.jimg.vmdk.sparse.SparseExtent;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Changes of what an image has beneath it. */
record ParentChange(VmdkImage image) implements Rebasable, Emptiable {
    private static final String HINT = "parentFileNameHint";

    /**
     * Names another parent. Its CID is noted where the parent can be opened; where the image was opened without what
     * lies beneath it, the old one stays, as is right for a parent that was only moved.
     */
    @Override
    public void changeBacking(@Nullable String name, @Nullable String format) throws IOException {
        if (name != null && format != null && !format.equals(VmdkImage.FORMAT)) {
            throw new ImageException(ErrorKind.BAD_OPTION, "backing_file must be a vmdk image");
        }
        if (name != null && (name.indexOf('"') >= 0 || name.indexOf('\n') >= 0 || name.indexOf('\r') >= 0)) {
            throw new ImageException(ErrorKind.BAD_OPTION, "A descriptor cannot hold the name: " + name);
        }
        image.undisturbed(parts -> {
            DescriptorText text = image.descriptor().text();
            if (name == null) {
                change(text.without(HINT), Descriptor.NO_PARENT);
                return true;
            }
            long cid = image.descriptor().parentCid();
            try (DiskImage parent = image.context().openBacking(name, VmdkImage.FORMAT)) {
                cid = parentCid(parent, cid);
            }
            String encoded = DescriptorText.encode(name, image.descriptor().charset());
            change(text.with(HINT, "\"" + encoded + "\"", "createType"), cid);
            return true;
        });
    }

    /** The CID of a parent, which may be an image behind others that pass its calls on. */
    private static long parentCid(@Nullable DiskImage parent, long otherwise) {
        return parent == null
                ? otherwise
                : parent.capability(VmdkImage.class).map(VmdkImage::cid).orElse(otherwise);
    }

    private void change(DescriptorText text, long parentCid) throws IOException {
        String value = String.format(Locale.ROOT, "%08x", parentCid);
        DescriptorText changed = text.with(ContentId.PARENT_CID, value, "CID");
        if (new String(changed.bytes(), StandardCharsets.ISO_8859_1).indexOf('\0') >= 0) {
            throw new ImageException(ErrorKind.BAD_OPTION, "A descriptor cannot hold a zero byte");
        }
        image.contentId().replace(changed);
        for (DiskImage.Child child : image.children()) {
            child.storage().flush();
        }
    }

    /** Forgets all grains, and notes the CID that the parent has by now. */
    @Override
    public void empty() throws IOException {
        image.undisturbed(parts -> {
            for (Part part : parts.list()) {
                if (!(part.extent() instanceof SparseExtent sparse) || !sparse.writable()) {
                    throw new ImageException(
                            ErrorKind.UNSUPPORTED, "Could not empty " + image.name() + ": Operation not supported");
                }
            }
            for (Part part : parts.list()) {
                ((SparseExtent) part.extent()).empty();
            }
            change(
                    image.descriptor().text(),
                    parentCid(image.backing(), image.descriptor().parentCid()));
            return true;
        });
    }
}
