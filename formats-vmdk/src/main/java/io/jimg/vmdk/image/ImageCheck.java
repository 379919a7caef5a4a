package io.jimg.vmdk.image;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Checkable;
import io.jimg.capability.Repairable;
import io.jimg.vmdk.check.DiskCheck;
import io.jimg.vmdk.extent.DiskExtent;
import java.io.IOException;
import java.util.List;

/** Checks and repairs an open image, alone and with all that it knows in its files. */
record ImageCheck(VmdkImage image) implements Checkable, Repairable {

    @Override
    public Job<CheckReport> check() {
        return job(false);
    }

    /** Nothing is ever lost that a repair could give back: {@link Repairable.Mode#LEAKS} only looks. */
    @Override
    public Job<CheckReport> repair(Mode mode) {
        return job(mode == Mode.ALL);
    }

    private Job<CheckReport> job(boolean repair) {
        return new Job<>() {
            @Override
            protected CheckReport execute() throws IOException {
                if (repair && image.readOnly()) {
                    throw new ImageException(ErrorKind.READ_ONLY, "The device is open for reading only");
                }
                return image.undisturbed(parts -> {
                    List<DiskExtent> extents =
                            parts.list().stream().map(Part::extent).toList();
                    return DiskCheck.run(extents, repair, this::checkCancelled);
                });
            }
        };
    }
}
