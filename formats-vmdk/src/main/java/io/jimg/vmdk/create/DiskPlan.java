package io.jimg.vmdk.create;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.spi.CreateRequest;
import io.jimg.vmdk.Vmdk;
import io.jimg.vmdk.Vmdk.AdapterType;
import io.jimg.vmdk.Vmdk.Subformat;
import io.jimg.vmdk.descriptor.Descriptor;
import io.jimg.vmdk.descriptor.DiskGeometry;
import io.jimg.vmdk.descriptor.ExtentAccess;
import io.jimg.vmdk.descriptor.ExtentLine;
import io.jimg.vmdk.descriptor.ExtentType;
import io.jimg.vmdk.descriptor.NewDescriptor;
import io.jimg.vmdk.image.VmdkImage;
import io.jimg.vmdk.sparse.SparseLayout;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A new disk, settled.
 *
 * @param size guest bytes, a multiple of 512
 * @param parentName the parent's name; null for none
 */
record DiskPlan(
        long size,
        Subformat subformat,
        AdapterType adapter,
        String hardwareVersion,
        String toolsVersion,
        boolean zeroedGrains,
        @Nullable String parentName) {

    private static final int SECTOR = 512;
    private static final String DEFAULT_HARDWARE = "4";
    private static final String COMPAT6_HARDWARE = "6";
    private static final String DEFAULT_TOOLS = "2147483647";

    /** Guest bytes of an extent of a disk that is split. */
    private static final long SPLIT = 2L << 30;

    /** Checks what can be checked without a file. */
    static DiskPlan of(CreateRequest request) throws ImageException {
        Options options = request.options();
        if (request.size() > Long.MAX_VALUE - SECTOR) {
            throw new ImageException(ErrorKind.LIMIT, "A disk of " + request.size() + " bytes is too large");
        }
        String parentFormat = options.get(Vmdk.BACKING_FORMAT);
        if (parentFormat != null && !parentFormat.equals("vmdk")) {
            throw bad("backing_file must be a vmdk image");
        }
        Subformat subformat = Objects.requireNonNullElse(options.get(Vmdk.SUBFORMAT), Subformat.MONOLITHIC_SPARSE);
        boolean compat6 = options.require(Vmdk.COMPAT6);
        String hardware = options.require(Vmdk.HARDWARE_VERSION);
        if (compat6 && !hardware.equals(Vmdk.UNDEFINED)) {
            throw bad("compat6 cannot be enabled with hwversion set");
        }
        if (hardware.equals(Vmdk.UNDEFINED)) {
            hardware = compat6 ? COMPAT6_HARDWARE : DEFAULT_HARDWARE;
        }
        String parent = options.get(Vmdk.BACKING_FILE);
        if (parent != null && subformat.flat()) {
            throw bad("Flat image can't have backing file");
        }
        boolean zeroed = Boolean.TRUE.equals(options.get(Vmdk.ZEROED_GRAIN));
        if (subformat.flat() && zeroed) {
            throw bad("Flat image can't enable zeroed grain");
        }
        String tools = Objects.requireNonNullElse(options.get(Vmdk.TOOLS_VERSION), DEFAULT_TOOLS);
        for (String value : new String[] {hardware, tools, parent == null ? "" : parent}) {
            requireQuotable(value);
        }
        long size = (request.size() + SECTOR - 1) & -SECTOR;
        if (!subformat.flat()) {
            SparseLayout.of(subformat.split() ? 0 : size / SECTOR, zeroed);
        }
        return new DiskPlan(
                size,
                subformat,
                Objects.requireNonNullElse(options.get(Vmdk.ADAPTER_TYPE), AdapterType.IDE),
                hardware,
                tools,
                zeroed,
                parent);
    }

    private static ImageException bad(String sentence) {
        return new ImageException(ErrorKind.BAD_OPTION, sentence);
    }

    /** A descriptor has no way to write quotes and line ends within a value. */
    private static void requireQuotable(String value) throws ImageException {
        if (value.indexOf('"') >= 0
                || value.indexOf('\n') >= 0
                || value.indexOf('\r') >= 0
                || value.indexOf('\0') >= 0) {
            throw bad("A descriptor cannot hold the value: " + value);
        }
    }

    /** Whether the descriptor stands in the only extent. */
    boolean embedded() {
        return subformat == Subformat.MONOLITHIC_SPARSE || subformat == Subformat.STREAM_OPTIMIZED;
    }

    /** The extents of an image in a file of that name. */
    List<ExtentLine> extents(String fileName) throws ImageException {
        String base = fileName.substring(fileName.lastIndexOf('/') + 1);
        requireQuotable(base);
        int dot = base.lastIndexOf('.');
        String stem = dot < 0 ? base : base.substring(0, dot);
        String suffix = dot < 0 ? "" : base.substring(dot);
        ExtentType type = subformat.flat() ? ExtentType.FLAT : ExtentType.SPARSE;
        List<ExtentLine> lines = new ArrayList<>();
        if (embedded()) {
            lines.add(new ExtentLine(ExtentAccess.RW, size / SECTOR, type, base, 0));
            return lines;
        }
        long most = subformat.split() ? SPLIT : Long.MAX_VALUE;
        for (long at = 0; at < size; at += Math.min(most, size - at)) {
            String part = subformat.split()
                    ? String.format(Locale.ROOT, "-%s%03d", subformat.flat() ? "f" : "s", lines.size() + 1)
                    : "-flat";
            lines.add(
                    new ExtentLine(ExtentAccess.RW, Math.min(most, size - at) / SECTOR, type, stem + part + suffix, 0));
            if (lines.size() > Descriptor.LONGEST / 128) {
                throw new ImageException(
                        ErrorKind.LIMIT, "A disk of " + size + " bytes would have too many extents of 2 GiB");
            }
        }
        return lines;
    }

    /** The descriptor. */
    NewDescriptor descriptor(long cid, long parentCid, List<ExtentLine> extents) {
        DiskGeometry geometry = adapter == AdapterType.IDE ? DiskGeometry.ide(size) : DiskGeometry.scsi(size);
        return new NewDescriptor(
                cid,
                parentCid,
                subformat.spelling(),
                parentName,
                extents,
                adapter.spelling(),
                geometry,
                hardwareVersion,
                toolsVersion);
    }

    /**
     * The parent's CID.
     *
     * @throws ImageException {@link ErrorKind#BAD_OPTION} where it is not of this format
     */
    long parentCid(CreateRequest request) throws IOException {
        String name = parentName;
        if (name == null) {
            return Descriptor.NO_PARENT;
        }
        try (DiskImage parent =
                request.files().openBacking(name, request.options().get(Vmdk.BACKING_FORMAT))) {
            if (parent instanceof VmdkImage vmdk) {
                return vmdk.cid();
            }
            throw bad("backing_file must be a vmdk image");
        }
    }

    /** A CID for new content: not one of those with a meaning. */
    static long newCid(IntSupplier random) {
        long cid;
        do {
            cid = Integer.toUnsignedLong(random.getAsInt());
        } while (cid == 0 || cid >= Descriptor.NO_PARENT - 1);
        return cid;
    }
}
