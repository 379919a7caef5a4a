package io.jimg.cli.text;

import io.jimg.ops.ImageInfo;
import io.jimg.spi.Doc;
import io.jimg.storage.Storage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What {@code info} prints for people. */
public final class InfoText {
    private static final String INDENT = "    ";

    private final StringBuilder text = new StringBuilder();
    private int depth;
    private String path = "";

    private InfoText() {}

    /** The text for the images of a chain, or for one, line feeds included. */
    public static String of(List<ImageInfo> chain) {
        InfoText writer = new InfoText();
        for (int i = 0; i < chain.size(); i++) {
            if (i > 0) {
                writer.text.append('\n');
            }
            writer.image(chain.get(i));
        }
        return writer.text.toString();
    }

    private void image(ImageInfo image) {
        line("image: ", image.filename());
        line("file format: ", image.format());
        line("virtual size: ", size(image.virtualSize()));
        line("disk size: ", diskSize(image));
        if (image.encrypted()) {
            line("encrypted: ", "yes");
        }
        if (image.clusterSize() != 0) {
            line("cluster_size: ", Integer.toString(image.clusterSize()));
        }
        if (image.dirty()) {
            line("cleanly shut down: ", "no");
        }
        backing(image);
        if (!image.snapshots().isEmpty()) {
            line("Snapshot list:", "");
            for (String row : SnapshotTable.rows(image.snapshots())) {
                line(row, "");
            }
        }
        formatSpecific(image);
        children(image);
    }

    private void backing(ImageInfo image) {
        @Nullable String name = image.backingFilename();
        if (name == null) {
            return;
        }
        @Nullable String full = image.fullBackingFilename();
        if (full == null) {
            line("backing file: ", name + " (cannot determine actual path)");
        } else {
            line("backing file: ", full.equals(name) ? name : name + " (actual path: " + full + ")");
        }
        if (image.backingFormat() != null) {
            line("backing file format: ", image.backingFormat());
        }
    }

    private void formatSpecific(ImageInfo image) {
        @Nullable Doc specific = image.formatSpecific();
        if (specific != null && !specific.isEmpty()) {
            line("Format specific information:", "");
            HumanWriter.write(text, specific, depth + 1);
        }
    }

    /** What an image stands on: another image in full, or a storage. */
    private void children(ImageInfo image) {
        for (ImageInfo.Child child : image.children()) {
            String parent = path;
            path = parent + '/' + child.name();
            line("Child node '", path + "':");
            depth++;
            if (child.info().children().isEmpty()) {
                storage(child.info());
            } else {
                image(child.info());
            }
            depth--;
            path = parent;
        }
    }

    private void storage(ImageInfo storage) {
        line("filename: ", storage.filename());
        line("protocol type: ", storage.format());
        line("file length: ", size(storage.virtualSize()));
        line("disk size: ", diskSize(storage));
        formatSpecific(storage);
    }

    private static String diskSize(ImageInfo node) {
        return node.actualSize() == Storage.UNKNOWN_SIZE ? "unavailable" : HumanSize.of(node.actualSize());
    }

    private static String size(long bytes) {
        return HumanSize.of(bytes) + " (" + bytes + " bytes)";
    }

    private void line(String label, String value) {
        for (int i = 0; i < depth; i++) {
            text.append(INDENT);
        }
        text.append(label).append(value).append('\n');
    }
}
