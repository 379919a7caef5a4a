package io.jimg.cli.commands;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.cli.arguments.SnapshotChoice;
import io.jimg.cli.process.Failures;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Images that are open, closed together in the reverse order. */
final class OpenSources implements AutoCloseable {
    private final List<DiskImage> opened = new ArrayList<>();
    private List<DiskImage> images = opened;

    /** Takes an image over. */
    void add(DiskImage image) {
        opened.add(image);
    }

    /** Shows a snapshot of the first image in place of that image. */
    void replaceBySnapshot(SnapshotChoice choice) throws IOException {
        List<DiskImage> shown = new ArrayList<>(opened);
        DiskImage view = choice.open(opened.get(0));
        shown.set(0, view);
        images = shown;
        opened.add(view);
    }

    /** The images to read, in the order in which they were added. */
    List<DiskImage> images() {
        return images;
    }

    /** The first image that was added. */
    DiskImage first() {
        return opened.get(0);
    }

    @Override
    public void close() throws IOException {
        ImageException first = null;
        for (int i = opened.size() - 1; i >= 0; i--) {
            try {
                opened.get(i).close();
            } catch (IOException failed) {
                first = first == null ? new ImageException(ErrorKind.IO, Failures.sentence(failed), failed) : first;
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
