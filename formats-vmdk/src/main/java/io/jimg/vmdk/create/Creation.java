package io.jimg.vmdk.create;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.host.deflate.DeflateLibrary;
import io.jimg.spi.Closing;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.ImageWriter;
import io.jimg.storage.Storage;
import io.jimg.vmdk.Vmdk.Subformat;
import io.jimg.vmdk.descriptor.ExtentLine;
import io.jimg.vmdk.descriptor.NewDescriptor;
import io.jimg.vmdk.sparse.GrainCodec;
import io.jimg.vmdk.sparse.SparseHeader;
import io.jimg.vmdk.sparse.SparseLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;

/** Creates disks: empty ones, and ones that are written forwards. */
public final class Creation {
    private static final int SECTOR = SparseHeader.SECTOR;
    private static final int FIRST_BLOCK = 4096;

    private final Storage file;
    private final CreateRequest request;
    private final DiskPlan plan;
    private final List<ExtentLine> lines;
    private final NewDescriptor descriptor;

    private Creation(Storage file, CreateRequest request, IntSupplier random) throws IOException {
        this.file = file;
        this.request = request;
        this.plan = DiskPlan.of(request);
        this.lines = plan.extents(file.name());
        this.descriptor = plan.descriptor(DiskPlan.newCid(random), plan.parentCid(request), lines);
        if (!file.growsWithZeroes()) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED, "A new VMDK needs files that can grow", file.name(), -1, null);
        }
        int room = SparseLayout.DESCRIPTOR_SECTORS * SECTOR;
        if (plan.embedded() && descriptor.bytes().length > room) {
            throw new ImageException(
                    ErrorKind.LIMIT,
                    "The descriptor has room for " + room + " bytes, but would take " + descriptor.bytes().length);
        }
    }

    /** Checks a request before any file is touched. */
    public static void validate(CreateRequest request) throws ImageException {
        DiskPlan.of(request);
    }

    /** Makes an empty disk in an empty file, which stays open. */
    public static void create(Storage file, CreateRequest request, IntSupplier random) throws IOException {
        new Creation(file, request, random).createEmpty();
    }

    /** A writer for a disk in an empty file, which it closes. */
    public static ImageWriter createWriter(Storage file, CreateRequest request, IntSupplier random) throws IOException {
        return new Creation(file, request, random).writer();
    }

    /**
     * Makes an empty sparse extent of a disk that has others, in an empty file, which stays open.
     *
     * @param size guest bytes, a multiple of 512
     * @param zeroedGrains whether tables may say that a grain is zero
     */
    public static void createExtent(Storage file, long size, boolean zeroedGrains) throws IOException {
        new SparseExtentWriter(file, SparseLayout.of(size / SECTOR, zeroedGrains), new byte[0], false).finish();
    }

    private void createEmpty() throws IOException {
        if (plan.subformat() == Subformat.STREAM_OPTIMIZED) {
            SparseLayout layout = layout(plan.size());
            layout.writeDirectories(file);
            file.write(ByteBuffer.wrap(descriptor.bytes()), (long) SparseLayout.DESCRIPTOR * SECTOR);
            file.truncate(layout.overhead() * SECTOR);
            file.flush();
            file.write(layout.compressedHeader().bytes(), 0);
            file.flush();
            return;
        }
        List<ExtentWriter> extents = openExtents();
        try {
            DiskWriter writer = new DiskWriter(file, external(), lines, extents);
            writer.finish();
        } finally {
            if (!plan.embedded()) {
                Closing.all(extents);
            }
        }
    }

    private ImageWriter writer() throws IOException {
        if (plan.subformat() == Subformat.STREAM_OPTIMIZED) {
            return new StreamWriter(
                    file,
                    layout(plan.size()),
                    descriptor.bytes(),
                    plan.parentName() != null,
                    new GrainCodec(DeflateLibrary.fastest()));
        }
        return new DiskWriter(file, external(), lines, openExtents());
    }

    private byte[] external() {
        return plan.embedded() ? new byte[0] : descriptor.bytes();
    }

    private SparseLayout layout(long size) throws ImageException {
        return SparseLayout.of(size / SECTOR, plan.zeroedGrains());
    }

    private List<ExtentWriter> openExtents() throws IOException {
        boolean parent = plan.parentName() != null;
        if (plan.embedded()) {
            return List.of(new SparseExtentWriter(file, layout(plan.size()), descriptor.bytes(), parent));
        }
        String folder = file.name().substring(0, file.name().lastIndexOf('/') + 1);
        List<ExtentWriter> extents = new ArrayList<>();
        try {
            for (ExtentLine line : lines) {
                Storage storage = request.files().create(folder + line.fileName());
                if (plan.subformat().flat()) {
                    extents.add(new FlatExtentWriter(storage));
                    prepare(storage, line.size());
                } else {
                    extents.add(new SparseExtentWriter(storage, layout(line.size()), new byte[0], parent));
                }
            }
            return extents;
        } catch (Throwable failure) {
            Closing.after(failure, extents);
            throw failure;
        }
    }

    /**
     * A file that is one hole tells nobody what alignment direct requests to it need: QEMU allocates its first block
     * for that reason.
     */
    private static void prepare(Storage storage, long size) throws IOException {
        storage.truncate(0);
        storage.write(ByteBuffer.allocate((int) Math.min(FIRST_BLOCK, size)), 0);
        storage.truncate(size);
    }
}
