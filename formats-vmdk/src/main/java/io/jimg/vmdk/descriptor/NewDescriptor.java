package io.jimg.vmdk.descriptor;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The descriptor of a new disk. Its encoding is UTF-8, which is stated where it makes a difference.
 *
 * @param cid identifies the content
 * @param parentCid identifies the parent's, or {@link Descriptor#NO_PARENT}
 * @param createType the kind of disk
 * @param parentName the parent's file; null for none
 * @param extents in guest order
 * @param adapter the adapter's type
 * @param geometry the disk's
 * @param hardwareVersion of the virtual machine
 * @param toolsVersion of the guest's tools
 */
public record NewDescriptor(
        long cid,
        long parentCid,
        String createType,
        @Nullable String parentName,
        List<ExtentLine> extents,
        String adapter,
        DiskGeometry geometry,
        String hardwareVersion,
        String toolsVersion) {

    /** Copies the list. */
    public NewDescriptor {
        extents = List.copyOf(extents);
    }

    /** The text. */
    public String text() {
        StringBuilder text = new StringBuilder("# Disk DescriptorFile\nversion=1\n");
        StringBuilder lines = new StringBuilder();
        extents.forEach(extent -> lines.append(extent.text()).append('\n'));
        String hint = parentName == null ? "" : "parentFileNameHint=\"" + parentName + "\"";
        if (!StandardCharsets.US_ASCII.newEncoder().canEncode(lines + hint)) {
            text.append("encoding=\"UTF-8\"\n");
        }
        text.append(String.format(Locale.ROOT, "CID=%08x\nparentCID=%08x\n", cid, parentCid));
        text.append("createType=\"")
                .append(createType)
                .append("\"\n")
                .append(hint)
                .append('\n');
        text.append("# Extent description\n").append(lines).append('\n');
        text.append("# The Disk Data Base\n#DDB\n\n");
        entry(text, "virtualHWVersion", hardwareVersion);
        entry(text, "geometry.cylinders", Long.toString(geometry.cylinders()));
        entry(text, "geometry.heads", Integer.toString(geometry.heads()));
        entry(text, "geometry.sectors", Integer.toString(geometry.sectors()));
        entry(text, "adapterType", adapter);
        entry(text, "toolsVersion", toolsVersion);
        return text.toString();
    }

    /** The text's bytes. */
    public byte[] bytes() {
        return text().getBytes(StandardCharsets.UTF_8);
    }

    private static void entry(StringBuilder text, String key, String value) {
        text.append("ddb.").append(key).append(" = \"").append(value).append("\"\n");
    }
}
