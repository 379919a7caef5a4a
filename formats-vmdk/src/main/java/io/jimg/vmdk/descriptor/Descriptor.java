package io.jimg.vmdk.descriptor;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;
import java.nio.charset.UnsupportedCharsetException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a descriptor says ("Virtual Disk Format 1.1", The Descriptor File). Sections and keys that have no meaning here,
 * such as {@code changeTrackPath} and most of the disk data base, are kept as they are in {@link #text()}.
 *
 * @param text the lines
 * @param charset the text's encoding
 * @param cid identifies the content; 0 where the descriptor says none
 * @param parentCid identifies the content of the parent, or {@link #NO_PARENT}
 * @param createType the kind of disk; empty where it is not said
 * @param parentName the parent's file; null for none
 * @param extents in guest order
 */
public record Descriptor(
        DescriptorText text,
        Charset charset,
        long cid,
        long parentCid,
        String createType,
        @Nullable String parentName,
        List<ExtentLine> extents) {

    /** The parent CID of a disk that has no parent. */
    public static final long NO_PARENT = 0xFFFFFFFFL;

    /** The longest descriptor that is read, in bytes: the 31,744 extents of a disk of 62 TiB in pieces of 2 GiB fit. */
    public static final int LONGEST = 4 << 20;

    /** The most extents that are opened; each costs an open file. */
    public static final int MOST_EXTENTS = 1 << 15;

    /** A descriptor that says nothing: that of an extent without one. */
    public static final Descriptor NONE =
            new Descriptor(DescriptorText.of(new byte[0]), StandardCharsets.UTF_8, 0, NO_PARENT, "", null, List.of());

    /** Copies the list. */
    public Descriptor {
        extents = List.copyOf(extents);
    }

    /**
     * Reads a descriptor.
     *
     * @param bytes at most {@link #LONGEST}; what follows a zero byte is no part of it
     * @param resource name of the file, for sentences
     * @throws ImageException {@link ErrorKind#CORRUPT}, {@link ErrorKind#UNSUPPORTED} or {@link ErrorKind#LIMIT}
     */
    public static Descriptor parse(byte[] bytes, String resource) throws ImageException {
        return parse(DescriptorText.of(bytes), resource);
    }

    /** Reads a descriptor's lines. */
    public static Descriptor parse(DescriptorText text, String resource) throws ImageException {
        Charset charset = charset(text);
        List<ExtentLine> extents = new ArrayList<>();
        long sectors = 0;
        for (String line : text.lines()) {
            if (!ExtentLine.isOne(line)) {
                continue;
            }
            if (extents.size() == MOST_EXTENTS) {
                throw new ImageException(
                        ErrorKind.LIMIT,
                        "The descriptor names more than " + MOST_EXTENTS + " extents",
                        resource,
                        ImageException.NO_OFFSET,
                        null);
            }
            ExtentLine extent = ExtentLine.parse(DescriptorText.decode(line, charset), resource);
            sectors += extent.sectors();
            if (sectors > Long.MAX_VALUE / 512) {
                throw new ImageException(
                        ErrorKind.LIMIT,
                        "The extents together are larger than any disk",
                        resource,
                        ImageException.NO_OFFSET,
                        null);
            }
            extents.add(extent);
        }
        String parent = text.value("parentFileNameHint");
        return new Descriptor(
                text,
                charset,
                identifier(text, "CID", 0, resource),
                identifier(text, "parentCID", NO_PARENT, resource),
                Objects.requireNonNullElse(text.value("createType"), ""),
                parent == null || parent.isEmpty() ? null : DescriptorText.decode(parent, charset),
                extents);
    }

    /** The sum of the extents' sizes in bytes. */
    public long size() {
        return extents.stream().mapToLong(ExtentLine::size).sum();
    }

    /**
     * The text of the same disk with its last extent of another size, further ones after it, and so another size of the
     * disk. The geometry follows where it is stated.
     *
     * @param sectors guest sectors of what is the last extent now
     * @param further extents after it
     */
    public DescriptorText grown(long sectors, List<ExtentLine> further) {
        ExtentLine last = extents.get(extents.size() - 1);
        List<ExtentLine> replaced = new ArrayList<>();
        replaced.add(new ExtentLine(last.access(), sectors, last.type(), last.fileName(), last.firstSector()));
        replaced.addAll(further);
        int index = text.lines().size() - 1;
        while (!ExtentLine.isOne(text.lines().get(index))) {
            index--;
        }
        DescriptorText changed = text.withLines(
                index,
                replaced.stream()
                        .map(line -> DescriptorText.encode(line.text(), charset))
                        .toList());
        String adapter = text.value("ddb.adapterType");
        if (adapter == null || text.value("ddb.geometry.cylinders") == null) {
            return changed;
        }
        long added = replaced.stream().mapToLong(ExtentLine::size).sum() - last.size();
        DiskGeometry geometry = DiskGeometry.on(adapter, size() + added);
        return changed.with("ddb.geometry.cylinders", quoted(geometry.cylinders()), "createType")
                .with("ddb.geometry.heads", quoted(geometry.heads()), "createType")
                .with("ddb.geometry.sectors", quoted(geometry.sectors()), "createType");
    }

    private static String quoted(long number) {
        return "\"" + number + "\"";
    }

    private static long identifier(DescriptorText text, String key, long otherwise, String resource)
            throws ImageException {
        String value = text.value(key);
        if (value == null) {
            return otherwise;
        }
        try {
            return Integer.parseUnsignedInt(value, 16) & 0xFFFFFFFFL;
        } catch (NumberFormatException notANumber) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "The descriptor's " + key + " is '" + value + "', but must be a hexadecimal number of 32 bits",
                    resource,
                    ImageException.NO_OFFSET,
                    notANumber);
        }
    }

    /**
     * The encoding that the text states; UTF-8 where it states none or one that this machine lacks, for most names are
     * ASCII in all of them.
     */
    private static Charset charset(DescriptorText text) {
        String name = text.value("encoding");
        if (name == null || name.isEmpty()) {
            return StandardCharsets.UTF_8;
        }
        try {
            return Charset.forName(name);
        } catch (IllegalCharsetNameException | UnsupportedCharsetException unknown) {
            return StandardCharsets.UTF_8;
        }
    }
}
