package io.jimg.vmm.nbd;

import io.jimg.BlockDevice;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Bitmaps;
import io.jimg.capability.DirtyRuns;
import io.jimg.nbd.wire.Handshake;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A device under a name. Immutable.
 *
 * @param name empty for the default export
 * @param description for people; empty for none
 * @param device stays its owner's
 * @param readOnly whether writes are refused
 * @param allocationDepth whether {@code qemu:allocation-depth} is told
 * @param bitmaps dirty bitmaps that are told as {@code qemu:dirty-bitmap:NAME}
 */
public record NbdExport(
        String name,
        String description,
        BlockDevice device,
        boolean readOnly,
        boolean allocationDepth,
        List<NamedBitmap> bitmaps) {

    /**
     * A bitmap under a name.
     *
     * @param name of the bitmap
     * @param runs what it says
     */
    public record NamedBitmap(String name, DirtyRuns runs) {}

    /** Checks the lengths of the texts, copies the list; what is read-only stays so. */
    public NbdExport {
        if (name.getBytes(StandardCharsets.UTF_8).length > Handshake.LONGEST_STRING
                || description.getBytes(StandardCharsets.UTF_8).length > Handshake.LONGEST_STRING) {
            throw new IllegalArgumentException("a name or a description is longer than the protocol allows");
        }
        bitmaps = List.copyOf(bitmaps);
        readOnly = readOnly || device.readOnly();
    }

    /** A device, writable where it is. */
    public static NbdExport of(String name, BlockDevice device) {
        return new NbdExport(name, "", device, false, false, List.of());
    }

    /** With writes refused, or not. */
    public NbdExport withReadOnly(boolean value) {
        return new NbdExport(name, description, device, value, allocationDepth, bitmaps);
    }

    /** With a text for people. */
    public NbdExport withDescription(String value) {
        return new NbdExport(name, value, device, readOnly, allocationDepth, bitmaps);
    }

    /** With or without {@code qemu:allocation-depth}. */
    public NbdExport withAllocationDepth(boolean value) {
        return new NbdExport(name, description, device, readOnly, value, bitmaps);
    }

    /**
     * With a dirty bitmap of an image or, where it has none of that name, of one beneath it.
     *
     * @throws ImageException {@link ErrorKind#NOT_FOUND}; {@link ErrorKind#CORRUPT} for one that is inconsistent;
     *     {@link ErrorKind#BAD_OPTION} for one that is being recorded while the export is read-only and its device is
     *     not, for it would seem to record what it does not
     */
    public NbdExport withBitmap(DiskImage image, String bitmap) throws IOException {
        for (@Nullable DiskImage layer = image; layer != null; layer = layer.backing()) {
            Optional<Bitmaps> all = layer.capability(Bitmaps.class);
            if (all.isEmpty()) {
                continue;
            }
            for (Bitmaps.Bitmap each : all.get().list()) {
                if (each.name().equals(bitmap)) {
                    return with(each, all.get().read(bitmap));
                }
            }
        }
        throw new ImageException(ErrorKind.NOT_FOUND, "Bitmap '" + bitmap + "' is not found");
    }

    private NbdExport with(Bitmaps.Bitmap bitmap, DirtyRuns runs) throws ImageException {
        if (readOnly && !device.readOnly() && bitmap.enabled()) {
            throw new ImageException(
                    ErrorKind.BAD_OPTION, "Enabled bitmap '" + bitmap.name() + "' incompatible with readonly export");
        }
        List<NamedBitmap> more = new ArrayList<>(bitmaps);
        more.add(new NamedBitmap(bitmap.name(), runs));
        return new NbdExport(name, description, device, readOnly, allocationDepth, more);
    }
}
