package io.jimg.qcow2.image;

import io.jimg.Job;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Repairable;
import io.jimg.qcow2.check.Qcow2Repair;
import java.io.IOException;

/** The repair of an open image. What is in memory goes to the file before, and requests wait until it is over. */
final class FlushedRepair extends Job<CheckReport> {
    private final Qcow2Image image;
    private final Repairable.Mode mode;

    FlushedRepair(Qcow2Image image, Repairable.Mode mode) {
        this.image = image;
        this.mode = mode;
    }

    @Override
    protected CheckReport execute() throws IOException {
        return image.repaired((file, header) -> {
            Qcow2Repair repair = new Qcow2Repair(file, mode);
            repair.onProgress((done, total) -> {
                progress(done, total);
                if (cancelled()) {
                    repair.cancel();
                }
            });
            return repair.run();
        });
    }
}
