package io.jimg.qcow2.image;

import io.jimg.Job;
import io.jimg.capability.CheckReport;
import io.jimg.qcow2.check.Qcow2Check;
import java.io.IOException;

/**
 * The check of an open image. What is in memory goes to the file before, and requests wait until it is over. An image
 * whose refcounts are lazy is found dirty, as it is.
 */
final class FlushedCheck extends Job<CheckReport> {
    private final Qcow2Image image;

    FlushedCheck(Qcow2Image image) {
        this.image = image;
    }

    @Override
    protected CheckReport execute() throws IOException {
        return image.undisturbed((file, header) -> {
            Qcow2Check check = new Qcow2Check(file, header);
            check.onProgress((done, total) -> {
                progress(done, total);
                if (cancelled()) {
                    check.cancel();
                }
            });
            return check.run();
        });
    }
}
