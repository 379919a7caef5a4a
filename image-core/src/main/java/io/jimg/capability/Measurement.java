package io.jimg.capability;

import io.jimg.spi.Doc;
import java.util.OptionalLong;

/**
 * How large the file of an image would be. The figures are those of {@code qemu-img measure}.
 *
 * @param required bytes of the file right after its creation, with the guest's data that there is
 * @param fullyAllocated bytes of the file once the guest has written everything; without snapshots, bitmaps and saved
 *     machine states
 * @param bitmaps bytes beyond {@code required} that the source's persistent bitmaps take; empty where the source or the
 *     format has none
 */
public record Measurement(long required, long fullyAllocated, OptionalLong bitmaps) {

    /** Of an image without bitmaps. */
    public Measurement(long required, long fullyAllocated) {
        this(required, fullyAllocated, OptionalLong.empty());
    }

    /** The members of {@code qemu-img measure --output=json}, each with QEMU's name. */
    public Doc doc() {
        Doc doc = Doc.create();
        bitmaps.ifPresent(bytes -> doc.put("bitmaps", bytes));
        return doc.put("required", required).put("fully-allocated", fullyAllocated);
    }
}
