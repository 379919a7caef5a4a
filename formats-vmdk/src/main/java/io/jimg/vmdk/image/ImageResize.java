package io.jimg.vmdk.image;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.ZeroMode;
import io.jimg.capability.Resizable;
import io.jimg.vmdk.descriptor.Descriptor;
import io.jimg.vmdk.extent.DiskExtent;
import io.jimg.vmdk.extent.FlatExtent;
import io.jimg.vmdk.sparse.SparseExtent;
import io.jimg.vmdk.sparse.SparseGrowth;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Makes the last extent of a disk larger, adds further ones to a split disk, and says so in headers and in the
 * descriptor, which comes last: until then the disk has its old size. The descriptor's text is not written at once
 * where it crosses a sector; what power loss may tear there is one of its lines.
 */
record ImageResize(VmdkImage image) implements Resizable {
    private static final int SECTOR = 512;
    private static final long LARGEST_SPLIT = 2L << 30;

    @Override
    public Job<Long> resize(long newSize, Preallocation preallocation, boolean shrink) {
        return new Job<>() {
            @Override
            protected Long execute() throws IOException {
                return image.undisturbed(parts -> {
                    if (newSize != image.size()) {
                        grow(parts, newSize, preallocation);
                    }
                    return newSize;
                });
            }
        };
    }

    private void grow(Parts parts, long newSize, Preallocation preallocation) throws IOException {
        if (newSize < parts.size()) {
            throw unsupported("A VMDK cannot be made smaller");
        }
        if (newSize % SECTOR != 0) {
            throw new ImageException(ErrorKind.BAD_OPTION, "The new size must be a multiple of 512");
        }
        DiskImage parent = image.backing();
        if (parent != null && parent.size() > parts.size()) {
            throw unsupported("The parent is larger than the disk: what is added would show the parent's bytes");
        }
        Descriptor descriptor = image.descriptor();
        if (parts.list().isEmpty()
                || descriptor.extents().size() != parts.list().size()) {
            throw unsupported("The descriptor does not say which extents the disk has");
        }
        Part last = parts.list().get(parts.list().size() - 1);
        long most = last.start() + mostOfLast(descriptor, parts);
        DiskExtent grown = last.extent();
        if (Math.min(newSize, most) > last.end()) {
            grown = grow(last.extent(), Math.min(newSize, most) - last.start(), preallocation, parts);
        }
        List<Part> list = new ArrayList<>(parts.list());
        list.set(list.size() - 1, new Part(last.start(), last.type(), grown));
        boolean done = false;
        try {
            if (newSize <= most) {
                image.contentId().replace(descriptor.grown(grown.size() / SECTOR, List.of()));
            } else {
                FurtherExtents further = new FurtherExtents(image, descriptor, this::unsupported);
                list.addAll(further.add(list, newSize, unit(parts), preallocation, parts.codec()));
            }
            parts.file().flush();
            done = true;
        } finally {
            if (!done && grown instanceof SparseExtent sparse) {
                replaceLast(parts, sparse.cutTo(last.extent().size()));
            }
        }
        image.replace(new Parts(list, parts.file(), parts.codec()));
    }

    /** The extent's tables may lie elsewhere now: from now on the image uses those. */
    private void replaceLast(Parts parts, DiskExtent extent) {
        List<Part> list = new ArrayList<>(parts.list());
        Part last = list.get(list.size() - 1);
        list.set(list.size() - 1, new Part(last.start(), last.type(), extent));
        image.replace(new Parts(list, parts.file(), parts.codec()));
    }

    /** How large the last extent may become: those of a split disk end where its others do. */
    private static long mostOfLast(Descriptor descriptor, Parts parts) {
        boolean split = descriptor.createType().toLowerCase(Locale.ROOT).contains("gbmaxextent");
        long last = parts.list().get(parts.list().size() - 1).extent().size();
        return split ? Math.max(last, unit(parts)) : Long.MAX_VALUE / 2;
    }

    /** Guest bytes of an extent of a split disk: as large as its first one where it has several, else 2 GiB. */
    private static long unit(Parts parts) {
        return parts.list().size() == 1
                ? LARGEST_SPLIT
                : Math.min(LARGEST_SPLIT, parts.list().get(0).extent().size());
    }

    private DiskExtent grow(DiskExtent last, long size, Preallocation preallocation, Parts parts) throws IOException {
        if (last instanceof FlatExtent flat && flat.file().growsWithZeroes()) {
            if (flat.file().size() > flat.start() + flat.size()) {
                throw unsupported("The extent's file goes on after the extent");
            }
            return FlatGrowth.run(flat, size, preallocation);
        }
        if (!(last instanceof SparseExtent sparse) || !sparse.writable()) {
            throw unsupported("The disk's last extent is of a kind that does not grow");
        }
        if (preallocation != Preallocation.OFF) {
            throw unsupported("Preallocation is not possible for sparse extents");
        }
        // The last grain may reach past the old end: what lies there becomes the guest's.
        long inGrain = last.size() % last.grainSize();
        if (inGrain > 0) {
            last.zero(last.size(), last.grainSize() - inGrain, ZeroMode.MAY_UNMAP);
        }
        sparse.finish();
        try {
            SparseGrowth.run(sparse.file(), size / SECTOR);
            return sparse.reopened(parts.codec());
        } catch (Throwable failure) {
            try {
                replaceLast(parts, sparse.reopened(parts.codec()).cutTo(last.size()));
            } catch (IOException second) {
                failure.addSuppressed(second);
            }
            throw failure;
        }
    }

    private ImageException unsupported(String sentence) {
        return new ImageException(ErrorKind.UNSUPPORTED, sentence, image.name(), ImageException.NO_OFFSET, null);
    }
}
