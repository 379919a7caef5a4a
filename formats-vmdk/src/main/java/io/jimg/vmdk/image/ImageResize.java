package io.jimg.vmdk.image;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.ZeroMode;
import io.jimg.capability.Resizable;
import io.jimg.spi.Zeroes;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import io.jimg.vmdk.descriptor.Descriptor;
import io.jimg.vmdk.extent.DiskExtent;
import io.jimg.vmdk.extent.FlatExtent;
import io.jimg.vmdk.sparse.SparseExtent;
import io.jimg.vmdk.sparse.SparseGrowth;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Makes the last extent of a disk larger, and says so in its header and in the descriptor. */
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
        long size = newSize - last.start();
        boolean split = descriptor.createType().toLowerCase(Locale.ROOT).contains("gbmaxextent");
        if (split && size > LARGEST_SPLIT) {
            throw unsupported("The last extent can grow to 2 GiB, and further extents are not added");
        }
        DiskExtent grown = grow(last.extent(), size, preallocation, parts);
        image.contentId().replace(descriptor.withLastExtent(size / SECTOR));
        parts.file().flush();
        List<Part> list = new ArrayList<>(parts.list());
        list.set(list.size() - 1, new Part(last.start(), last.type(), grown));
        image.replace(new Parts(list, parts.file(), parts.codec()));
    }

    private DiskExtent grow(DiskExtent last, long size, Preallocation preallocation, Parts parts) throws IOException {
        if (last instanceof FlatExtent flat && flat.file().growsWithZeroes()) {
            return growFlat(flat, size, preallocation);
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
        SparseGrowth.run(sparse.file(), size / SECTOR);
        return sparse.reopened(parts.codec());
    }

    private DiskExtent growFlat(FlatExtent flat, long size, Preallocation preallocation) throws IOException {
        Storage file = flat.file();
        long old = flat.start() + flat.size();
        long end = flat.start() + size;
        if (file.size() > old) {
            throw unsupported("The extent's file goes on after the extent");
        }
        switch (preallocation) {
            case OFF -> file.truncate(end);
            case FALLOC -> {
                if (file.allocate(old, end - old) == Outcome.UNSUPPORTED) {
                    Zeroes.write(end - old, (zeroes, at) -> file.write(zeroes, old + at));
                }
            }
            case FULL -> Zeroes.write(end - old, (zeroes, at) -> file.write(zeroes, old + at));
            default -> throw unsupported("Unsupported preallocation mode: " + preallocation.text());
        }
        file.flush();
        return new FlatExtent(file, flat.start(), size);
    }

    private ImageException unsupported(String sentence) {
        return new ImageException(ErrorKind.UNSUPPORTED, sentence, image.name(), ImageException.NO_OFFSET, null);
    }
}
