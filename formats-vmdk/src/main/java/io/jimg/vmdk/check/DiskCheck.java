package io.jimg.vmdk.check;

import io.jimg.ImageException;
import io.jimg.capability.CheckReport;
import io.jimg.capability.CheckReport.Finding;
import io.jimg.capability.CheckReport.Kind;
import io.jimg.capability.CheckReport.Severity;
import io.jimg.storage.Storage;
import io.jimg.validate.Place;
import io.jimg.vmdk.extent.DiskExtent;
import io.jimg.vmdk.extent.FlatExtent;
import io.jimg.vmdk.extent.GuardedExtent;
import io.jimg.vmdk.sparse.SeSparseCheck;
import io.jimg.vmdk.sparse.SparseCheck;
import io.jimg.vmdk.sparse.SparseExtent;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** A check of all extents of a disk, or a repair. At most {@link #MOST_FINDINGS} sentences are kept. */
public final class DiskCheck implements SparseCheck.Observer {
    /** The most sentences that a report has. */
    public static final int MOST_FINDINGS = 1000;

    private final boolean repair;
    private final Pause pause;
    private final List<Finding> findings = new ArrayList<>();
    private long leftOut;
    /** Whether the disk has several extents, so that a sentence has to say in which something is. */
    private final boolean split;

    /** Length of the file at hand. */
    private long fileSize;

    private String fileName = "";

    private long corruptions;
    private long fixed;

    /** Lets a job stop a check. */
    public interface Pause {
        /** Throws to stop. */
        void check() throws ImageException;
    }

    private DiskCheck(boolean split, boolean repair, Pause pause) {
        this.split = split;
        this.repair = repair;
        this.pause = pause;
    }

    /**
     * Looks at extents that nobody changes meanwhile, and whose changes are all in their files.
     *
     * @param repair whether what can be put right is
     */
    public static CheckReport run(List<DiskExtent> extents, boolean repair, Pause pause) throws IOException {
        DiskCheck check = new DiskCheck(extents.size() > 1, repair, pause);
        for (DiskExtent extent : extents) {
            check.check(extent);
        }
        return check.report();
    }

    private void check(DiskExtent extent) throws IOException {
        if (extent instanceof GuardedExtent guarded) {
            check(guarded.inner());
        } else if (extent instanceof SparseExtent sparse) {
            file(sparse.file());
            if (sparse.hosted()) {
                SparseCheck.run(sparse.file(), repair, this);
            } else if (sparse.copyOnWrite()) {
                SparseCheck.cowd(sparse.file(), this);
            } else {
                SeSparseCheck.run(sparse.file(), this);
            }
        } else if (extent instanceof FlatExtent flat) {
            Storage file = flat.file();
            long promised = flat.start() + flat.size();
            file(file);
            if (file.growsWithZeroes() && file.size() < promised) {
                found(
                        "'" + file.name() + "' is truncated: the descriptor promises " + promised
                                + " bytes, and the file has " + file.size(),
                        file.size(),
                        false);
            }
        }
    }

    private void file(Storage file) throws IOException {
        fileSize = file.size();
        fileName = file.name();
    }

    @Override
    public void found(String sentence, long hostOffset, boolean repaired) {
        if (repaired) {
            fixed++;
        } else {
            corruptions++;
        }
        if (findings.size() == MOST_FINDINGS) {
            leftOut++;
            return;
        }
        findings.add(new Finding(
                Severity.ERROR,
                hostOffset >= fileSize ? Kind.TRUNCATION : Kind.INCONSISTENCY,
                hostOffset < 0 ? Place.IMAGE : Place.host(hostOffset),
                (repaired ? "Repairing " : "ERROR ") + where(sentence) + sentence));
    }

    @Override
    public void leftOut(String sentence) {
        findings.add(new Finding(Severity.WARNING, "WARNING " + where(sentence) + sentence));
    }

    private String where(String sentence) {
        String file = "'" + fileName + "'";
        return split && !sentence.contains(file) ? file + ": " : "";
    }

    @Override
    public void pause() throws ImageException {
        pause.check();
    }

    private CheckReport report() {
        return new CheckReport(findings, leftOut, corruptions, 0, 0, fixed, 0, 0, 0, 0, 0, 0);
    }
}
