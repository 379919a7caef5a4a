package io.jimg.vmdk.image;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.spi.OpenContext;
import io.jimg.spi.OpenGate;
import io.jimg.storage.Storage;
import io.jimg.vmdk.create.Creation;
import io.jimg.vmdk.descriptor.Descriptor;
import io.jimg.vmdk.descriptor.ExtentAccess;
import io.jimg.vmdk.descriptor.ExtentLine;
import io.jimg.vmdk.descriptor.ExtentType;
import io.jimg.vmdk.extent.Beneath;
import io.jimg.vmdk.extent.DiskExtent;
import io.jimg.vmdk.extent.FlatExtent;
import io.jimg.vmdk.sparse.GrainCodec;
import io.jimg.vmdk.sparse.SparseExtents;
import io.jimg.vmdk.sparse.TableBudget;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Adds extents to a split disk, in files beside that of its last one and named as that is ({@code disk-s003.vmdk} after
 * {@code disk-s002.vmdk}). The files are whole before the descriptor names them; until then a failure takes them away
 * again.
 */
final class FurtherExtents {
    private static final int SECTOR = 512;
    private static final Pattern NUMBERED = Pattern.compile("(.*-[sf])([0-9]{3,5})(\\.[^./]*)?");

    private final VmdkImage image;
    private final Descriptor descriptor;
    private final Function<String, ImageException> unsupported;

    /**
     * To be added.
     *
     * @param unsupported makes the error of a sentence
     */
    FurtherExtents(VmdkImage image, Descriptor descriptor, Function<String, ImageException> unsupported) {
        this.image = image;
        this.descriptor = descriptor;
        this.unsupported = unsupported;
    }

    /**
     * Makes the extents, and says in the descriptor that they are there.
     *
     * @param before the parts that there are, the last one with the size that it has now
     * @param newSize guest bytes of the disk
     * @param unit guest bytes of an extent at most
     * @return the further parts
     */
    List<Part> add(List<Part> before, long newSize, long unit, Preallocation preallocation, GrainCodec codec)
            throws IOException {
        Part last = before.get(before.size() - 1);
        List<ExtentLine> lines = lines(last.end(), newSize, unit);
        if (before.size() + lines.size() > Descriptor.MOST_EXTENTS) {
            throw new ImageException(
                    ErrorKind.LIMIT,
                    "A disk of " + newSize + " bytes would have too many extents",
                    image.name(),
                    -1,
                    null);
        }
        if (lines.get(0).type() == ExtentType.SPARSE && preallocation != Preallocation.OFF) {
            throw unsupported.apply("Preallocation is not possible for sparse extents");
        }
        boolean zeroedGrains = lines.get(0).type() == ExtentType.SPARSE
                && SparseExtents.readHeader(Objects.requireNonNull(last.extent().file()))
                        .zeroedGrains();
        List<OpenContext.NewFile> made = new ArrayList<>();
        List<Part> parts = new ArrayList<>();
        try {
            long start = last.end();
            for (ExtentLine line : lines) {
                String path = folder(last) + fileName(line);
                OpenContext.NewFile file = image.context().createStorage(OpenGate.Role.EXTENT, path);
                made.add(file);
                DiskExtent extent = make(file.storage(), line, preallocation, zeroedGrains, codec);
                parts.add(new Part(start, last.type(), extent));
                start += line.size();
            }
        } catch (Throwable failure) {
            for (OpenContext.NewFile file : made) {
                try {
                    file.remove();
                } catch (IOException second) {
                    failure.addSuppressed(second);
                }
            }
            throw failure;
        }
        // From here on the descriptor may name the files, whatever fails.
        image.contentId().replace(descriptor.grown(last.extent().size() / SECTOR, lines));
        return parts;
    }

    private List<ExtentLine> lines(long from, long to, long unit) throws ImageException {
        ExtentLine model = descriptor.extents().get(descriptor.extents().size() - 1);
        Matcher name = NUMBERED.matcher(fileName(model));
        if (model.access() != ExtentAccess.RW
                || (model.type() != ExtentType.SPARSE && model.type() != ExtentType.FLAT)
                || !name.matches()) {
            throw unsupported.apply("Further extents cannot be added after one like '" + model.fileName() + "'");
        }
        int number = Integer.parseInt(name.group(2));
        List<ExtentLine> lines = new ArrayList<>();
        for (long at = from; at < to; at += unit) {
            number++;
            String next = name.group(1)
                    + String.format(Locale.ROOT, "%03d", number)
                    + Objects.requireNonNullElse(name.group(3), "");
            lines.add(new ExtentLine(model.access(), Math.min(unit, to - at) / SECTOR, model.type(), next, 0));
            if (lines.size() > Descriptor.MOST_EXTENTS) {
                break;
            }
        }
        return lines;
    }

    private static String fileName(ExtentLine line) {
        return Objects.requireNonNull(line.fileName());
    }

    /** Where the descriptor's names are relative to, as the last extent's file shows. */
    private String folder(Part last) {
        String path = Objects.requireNonNull(last.extent().file()).name();
        String name = fileName(descriptor.extents().get(descriptor.extents().size() - 1));
        return path.endsWith(name) ? path.substring(0, path.length() - name.length()) : "";
    }

    private static DiskExtent make(
            Storage file, ExtentLine line, Preallocation preallocation, boolean zeroedGrains, GrainCodec codec)
            throws IOException {
        if (line.type() == ExtentType.FLAT) {
            return FlatGrowth.run(new FlatExtent(file, 0, 0), line.size(), preallocation);
        }
        Creation.createExtent(file, line.size(), zeroedGrains);
        // The parent ends before it.
        return SparseExtents.hosted(
                file,
                SparseExtents.readHeader(file),
                Beneath.NOTHING,
                SparseExtents.Access.WRITE,
                codec,
                TableBudget.unlimited());
    }
}
